/**
 * Longest run of combining marks that is kept. Real writing stays below thirty (the limit of the
 * Unicode stream-safe text format, UAX #15); longer runs make normalisation quadratic.
 */
const LONG_MARK_RUN = /(\p{M}{30})\p{M}+/gu;
/** Soft hyphen, zero-width space, word joiner, byte order mark, directional marks: they only steer display. */
const INVISIBLE = /[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/gu;
/** Joiners carry meaning in Arabic, Indic scripts and emoji; after these characters they never do. */
const STRAY_JOINER =
  /(?<=^|[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{N}\p{P}\s])[\u200c\u200d]+/gu;

const CONTROL = /[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufff9-\ufffb]/gu;
const WHITESPACE = /[\s\u0085]+/gu;

/** Half of a character that lost its other half, as a broken JSON escape leaves it. */
const LONE_SURROGATE = /\p{Surrogate}/gu;
/** Most lines need nothing done: plain ASCII with single spaces. The bound keeps the matcher's stack small. */
const CLEAN = /^[!-~]+(?: [!-~]+)*$/u;
const MAX_CLEAN = 2_000;

/** One line of text as it would be read out: NFC, no invisible or control characters, single spaces. */
export function cleanText(text: string): string {
  if (text.length <= MAX_CLEAN && CLEAN.test(text)) return text;
  return text
    .replace(LONE_SURROGATE, '\ufffd')
    .replace(LONG_MARK_RUN, '$1')
    .normalize('NFC')
    .replace(INVISIBLE, '')
    .replace(STRAY_JOINER, '')
    .replace(CONTROL, '')
    .replace(WHITESPACE, ' ')
    .trim();
}

/** Whether there is anything to read in it. */
export function hasWords(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

const NO_SPACES_SCRIPT =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\u3000-\u303f\uff01-\uff60]/u;

/** Puts stretches of running text together, with a space where the script uses them; empty ones are skipped. */
export function joinText(parts: readonly string[]): string {
  return joinPlaced(parts).text;
}

/** The same with the offset in the text at which each stretch begins; an empty one begins where the one before it ends. */
export function joinPlaced(parts: readonly string[]): { text: string; offsets: number[] } {
  const joined: string[] = [];
  const offsets: number[] = [];
  let before = '';
  let length = 0;
  for (const part of parts) {
    const tight = NO_SPACES_SCRIPT.test(before.slice(-1)) && NO_SPACES_SCRIPT.test(part.slice(0, 1));
    const gap = part === '' || before === '' || tight ? '' : ' ';
    offsets.push(length + gap.length);
    if (part === '') continue;
    joined.push(gap, part);
    length += gap.length + part.length;
    before = part;
  }
  return { text: joined.join(''), offsets };
}

const ANNOTATION = /\[([^[\]()]{1,60})\]|\(([^[\]()]{1,60})\)|[♩♪♫♬]([^[\]()♩♪♫♬]{1,60})[♩♪♫♬]/gu;
const MUSIC_SIGNS = /[♩♪♫♬♭♮♯]+/gu;
const SOUNDS = new Set(
  (
    'applause applauding applauds blank booing boos beep beeping bleep buzzing chatter cheer cheering cheers chime ' +
    'chimes chuckle chuckles chuckling clap clapping claps clears throat cough coughing coughs crosstalk crowd ' +
    'crying foreign gasp gasps giggles giggling inaudible indistinct indiscernible jingle laugh laughing ' +
    'laughs laughter music musical noise pause pauses phone ringing rings sigh sighing sighs silence singing ' +
    'sneezes sniffles sobbing sobs static theme unintelligible whispering whispers whistles whistling yells ' +
    'applaus beifall gelächter lachen musik applaudissements rires musique aplausos música risas applausi musica ' +
    'risate applaus gelach muziek muzyka oklaski музыка аплодисменты смех 音楽 拍手 笑 笑い 笑い声 掌声 音乐 음악 박수 웃음'
  ).split(' '),
);
/** Of these, what a note between signs of music tells; any other word there may be sung. */
const MUSIC = new Set(
  'jingle theme music musical musik musique música musica muziek muzyka музыка 音楽 音乐 음악'.split(' '),
);
const SOUND_COMPANIONS = new Set(
  (
    'a and all audience audio background begins both brief bright calm continues continued door dramatic ends fades ' +
    'from gentle group heavy her his host hosts in intro its light lively long loud loudly no of on out outro ' +
    'over people playing plays prolonged quiet quietly room scattered slow soft softly some song sound sounds ' +
    'speaker speaking speech the their to together up upbeat voice voices'
  ).split(' '),
);

/**
 * Takes out notes on sounds that are not speech: `[Music]`, `(applause)`, `♪ dramatic music ♪`, and the note
 * signs around sung words (the words stay). A bracket goes only if every word in it is a sound or goes with
 * one, so that `(the music industry)` stays. The caller reports `removed`.
 */
export function withoutSounds(text: string): { text: string; removed: number } {
  let removed = 0;
  const spoken = text.replace(ANNOTATION, (whole, square?: string, round?: string, sung?: string) => {
    const words = (square ?? round ?? sung ?? '').toLowerCase().match(/[\p{L}\p{M}]+/gu) ?? [];
    const telling = sung === undefined ? SOUNDS : MUSIC;
    const isSound = words.some((word) => telling.has(word));
    if (!isSound || !words.every((word) => SOUNDS.has(word) || SOUND_COMPANIONS.has(word))) return whole;
    removed += 1;
    return ' ';
  });
  return { text: spoken.replace(MUSIC_SIGNS, ' '), removed };
}
