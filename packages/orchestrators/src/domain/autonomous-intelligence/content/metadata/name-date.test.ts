import { describe, expect, it } from '@jest/globals';

import { documentOf } from '../fixtures/parse-text.js';
import { dateInName } from './name-date.js';

describe('dateInName', () => {
  it.each([
    ['2021-04-05-why-simplicity.html', '2021-04-05'],
    ['talk_2017-10-11.vtt', '2017-10-11'],
    ['sotu-1962-kennedy.txt', '1962'],
    ['report (1999).md', '1999'],
    ['war-of-1812.txt', undefined],
    ['vision-2050.txt', undefined],
    ['from 1939 to 1945.txt', undefined],
    ['1234567.txt', undefined],
    ['2021-13-45-x.txt', undefined],
    ['2021.13.45.txt', undefined],
    ['2021-2-x.txt', '2021'],
    ['flight-2525.txt', undefined],
    ['notes.txt', undefined],
  ])('reads %s as %s', (name, date) => {
    expect(dateInName(name)).toBe(date);
  });

  it('dates a document that has no date of its own, and says so', () => {
    const document = documentOf(
      'sotu-1962-kennedy.txt',
      'My fellow Americans, the state of the Union is good.',
    );
    expect(document).toMatchObject({ publishedAt: '1962', warnings: [{ code: 'DATE_FROM_NAME' }] });
  });
});
