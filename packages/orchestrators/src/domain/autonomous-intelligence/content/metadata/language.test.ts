import { describe, expect, it } from '@jest/globals';
import { detectLanguage } from './language.js';

describe('the language of a text', () => {
  it('is known of a few English sentences by their function words', () => {
    const bridge =
      'The town built a good bridge in 1961. Everybody in the town likes the bridge. It was opened by John F. Kennedy.';
    expect(detectLanguage(bridge)).toBe('eng');
    expect(detectLanguage('The committee has said that it will vote on this tomorrow.')).toBe('eng');
  });

  it.each([
    'De stad was in de oorlog van 1953 een van de eerste die het water niet had kunnen keren.',
    'Die Stadt hat im Jahr 1961 eine gute Brücke gebaut, und alle mögen sie sehr.',
    'La ville a construit un bon pont en 1961, et tout le monde dans la ville aime ce pont.',
    'Byen byggede en god bro i 1961, og alle i byen kan lide den.',
    'xqz vbn wrt plk jhg fds mnb vcx',
  ])('is not taken for English: %s', (text) => {
    expect(detectLanguage(text)).not.toBe('eng');
  });

  it('is the declared one for a text too short to tell', () => {
    expect(detectLanguage('Oui.', 'fr-FR')).toBe('fra');
    expect(detectLanguage('Oui.')).toBe('und');
  });
});
