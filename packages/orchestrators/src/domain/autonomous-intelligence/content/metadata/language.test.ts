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

  it.each([
    [
      'eng',
      'Nobody expected that the old library would be closed before the end of the summer holidays this year.',
    ],
    [
      'deu',
      'Sie kaufte drei Karten für das Konzert, aber ihr Bruder konnte nicht kommen, weil er krank war.',
    ],
    [
      'fra',
      'Elle a acheté trois billets pour le concert, mais son frère ne pouvait pas venir parce qu’il était malade.',
    ],
    [
      'spa',
      'Ella compró tres entradas para el concierto, pero su hermano no pudo venir porque estaba enfermo.',
    ],
    [
      'ita',
      'Lei ha comprato tre biglietti per il concerto, ma suo fratello non poteva venire perché era malato.',
    ],
    [
      'por',
      'Ela comprou três bilhetes para o concerto, mas o irmão não pôde vir porque estava doente naquela noite.',
    ],
    ['nld', 'Zij kocht drie kaartjes voor het concert, maar haar broer kon niet komen omdat hij ziek was.'],
    [
      'swe',
      'Hon köpte tre biljetter till konserten, men hennes bror kunde inte komma eftersom han var sjuk.',
    ],
    ['rus', 'Она купила три билета на концерт, но её брат не смог прийти, потому что был болен в тот вечер.'],
    ['pol', 'Kupiła trzy bilety na koncert, ale jej brat nie mógł przyjść, ponieważ był wtedy chory w domu.'],
  ])('of a sentence is %s: %s', (language, sentence) => {
    expect(detectLanguage(sentence)).toBe(language);
  });

  it.each([
    'Inginerii orașului au măsurat podul în fiecare iarnă și au scris cifrele lor într-o carte publică.',
    'A város mérnökei minden télen megmérték a hidat, és a számokat egy nyilvános könyvbe írták be.',
    'Byens ingeniører målte broen hver vinter og skrev deres tal ind i en bog, som alle kan læse frit.',
  ])('is unknown rather than guessed where few words could be of several: %s', (sentence) => {
    expect(detectLanguage(sentence)).toBe('und');
  });

  it.each([
    'torch torchvision transformers accelerate datasets tokenizers sentencepiece protobuf safetensors einops diffusers gradio pillow opencv-python',
    'numpy==1.26.4\nscipy==1.11.4\npandas==2.1.4\nmatplotlib==3.8.2\nscikit-learn==1.3.2\nrequests==2.31.0\nflask==3.0.0\ngunicorn==21.2.0\nsqlalchemy==2.0.23\nalembic==1.13.0\npytest==7.4.3',
    'Chapter One Simple Lines. Chapter Two Complex Figures. Chapter Three Portable Vectors. Chapter Four Adaptive Agents. Chapter Five Service Patterns.',
    'Wien Berlin Paris London Madrid Roma Lisboa Stockholm Oslo Helsinki Warszawa Praha Budapest Sofia Athina Dublin Bern Tallinn Riga',
  ])('is unknown for a list without function words, however sure the letters look: %s', (list) => {
    expect(detectLanguage(list)).toBe('und');
    expect(detectLanguage(list, 'en')).toBe('eng');
  });
});
