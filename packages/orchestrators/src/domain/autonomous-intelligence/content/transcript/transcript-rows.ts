/** A stretch of a transcript in JSON, before its times have a unit. */
export interface TranscriptRow {
  readonly text: string;
  readonly speaker?: string;
  readonly start?: TranscriptTime;
  readonly end?: TranscriptTime;
  /** A word or a mark on its own, which goes on with the row before. */
  readonly isWord?: boolean;
}

/** `plain` is seconds in most programs, and milliseconds in some: only all rows together tell. */
export interface TranscriptTime {
  readonly value: number;
  readonly unit: 'plain' | 'ms';
}

export interface TranscriptRows {
  readonly rows: readonly TranscriptRow[];
  /** Entries of the list without any text. */
  readonly without: number;
}

type Fields = ReadonlyMap<string, unknown>;

/** Where programs put the list, the best form of it first. */
const LISTS = [
  'segments', 'utterances', 'monologues', 'transcription', 'audio_segments', 'events', 'captions', 'subtitles', 'cues',
  'paragraphs', 'sentences', 'chunks', 'entries', 'transcript', 'channels', 'results', 'result', 'items', 'words',
  'transcripts', 'data', 'output', 'response', 'retval', 'messages', 'alternatives',
]; // prettier-ignore
const TEXTS = [
  'body', 'text', 'transcript', 'caption', 'sentence', 'utterance', 'content', 'punctuated_word', 'punct', 'word', 'utf8', 'value',
  'line', 'message',
]; // prettier-ignore
const STARTS = [
  'startTime',
  'start',
  'start_time',
  'begin',
  'from',
  'ts',
  'offset',
  'timestamp',
  'time',
  'start_timestamp',
];
const ENDS = ['endTime', 'end', 'end_time', 'to', 'end_ts', 'until', 'end_timestamp'];
const STARTS_MS = ['startMs', 'start_ms', 'tStartMs', 'startTimeMs', 'begin_ms'];
const ENDS_MS = ['endMs', 'end_ms', 'endTimeMs'];
const LENGTHS = ['duration', 'dur'];
const LENGTHS_MS = ['dDurationMs', 'durationMs', 'duration_ms'];
const SPEAKERS = [
  'speaker',
  'speaker_label',
  'speakerName',
  'speaker_name',
  'speakerLabel',
  'speaker_id',
  'name',
  'who',
  'role',
];
/** Depth to which the list is looked for, and elements of a list that are looked at to see what it holds. */
const MAX_DEPTH = 5;
const SAMPLE = 50;
/** Elements of a list that are looked into for another one. */
const NESTED = 3;
/** Parts that one entry may be made of. */
const MAX_PARTS = 100_000;

/** The list of a transcript, wherever it stands in the data; nothing for data without one. */
export function transcriptRows(data: unknown): TranscriptRows | undefined {
  const list = findList(data, 0);
  if (list === undefined) return undefined;
  const names = speakerNames(data);
  const starts = speakersByStart(data);
  const rows: TranscriptRow[] = [];
  let without = 0;
  for (const entry of list) {
    const found = rowsOf(entry, names, 0);
    if (found.length === 0) without += 1;
    const speaker = starts.size === 0 ? undefined : starts.get(String(fieldsOf(entry).get('start_time')));
    for (const row of found)
      rows.push(speaker === undefined || row.speaker !== undefined ? row : { ...row, speaker });
  }
  return { rows, without };
}

/** The fields of an object, read as data only: what an object inherits is none of it. */
export function fieldsOf(value: unknown): Fields {
  return new Map(
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [],
  );
}

function findList(value: unknown, depth: number): readonly unknown[] | undefined {
  if (depth > MAX_DEPTH) return undefined;
  if (Array.isArray(value)) {
    const list = value as readonly unknown[];
    if (list.slice(0, SAMPLE).some((entry) => rowsOf(entry, new Map(), 0).length > 0)) return list;
    // Results of several requests: each holds a list of its own, and the first one that does counts.
    for (const entry of list.slice(0, NESTED)) {
      const found = Array.isArray(entry) ? undefined : findList(entry, depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const fields = fieldsOf(value);
  for (const name of LISTS) {
    if (!fields.has(name)) continue;
    const found = findList(fields.get(name), depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function rowsOf(entry: unknown, names: ReadonlyMap<string, string>, depth: number): TranscriptRow[] {
  if (typeof entry === 'string') return entry.trim() === '' ? [] : [{ text: entry }];
  const fields = fieldsOf(entry);
  if (fields.size === 0 || depth > MAX_DEPTH) return [];
  const speaker = speakerOf(fields, names);
  const times = timesOf(fields);
  const row = (text: string): TranscriptRow => {
    const isWord =
      !fields.has('text') && (fields.has('word') || fields.has('punctuated_word') || isItem(fields));
    return { text, ...(speaker !== undefined && { speaker }), ...times, ...(isWord && { isWord }) };
  };
  const own = TEXTS.map((name) => fields.get(name)).find(
    (text) => typeof text === 'string' && text.trim() !== '',
  );
  for (const name of ['sentences', 'paragraphs']) {
    const inner = [fields.get(name)].flatMap((value) =>
      Array.isArray(value) ? (value as unknown[]) : (fieldsOf(value).get(name) ?? []),
    );
    const rows = inner.slice(0, MAX_PARTS).flatMap((part) => rowsOf(part, names, depth + 1));
    if (rows.length > 0) return rows.map((part) => ({ ...(speaker !== undefined && { speaker }), ...part }));
  }
  if (typeof own === 'string')
    return [{ ...timesOfWords(fields.get('words') ?? fields.get('timestamps')), ...row(own) }];
  const elements = fields.get('elements') ?? fields.get('segs') ?? fields.get('words');
  if (Array.isArray(elements)) return joined(elements as unknown[], row, fields.has('words'));
  const alternative = fields.get('alternatives');
  if (Array.isArray(alternative)) {
    return rowsOf(alternative[0], names, depth + 1).map((part) => ({ ...row(part.text), ...part, ...times }));
  }
  return [];
}

/** A word is an object with its times, or `["word", 0.5, 0.8]`. */
function timesOfWord(word: unknown): { start?: TranscriptTime; end?: TranscriptTime } {
  const [text, from, to] = Array.isArray(word) ? (word as readonly unknown[]) : [];
  return typeof text === 'string' ? timesOf(fieldsOf({ start: from, end: to })) : timesOf(fieldsOf(word));
}

/** Where the first word of a stretch begins and the last one ends. */
function timesOfWords(words: unknown): { start?: TranscriptTime; end?: TranscriptTime } {
  if (!Array.isArray(words) || words.length === 0) return {};
  const { start } = timesOfWord(words[0]);
  const { end } = timesOfWord(words.at(-1));
  return { ...(start !== undefined && { start }), ...(end !== undefined && { end }) };
}

/** Monologues and rolling events: their text is in pieces that bring their own spaces, single words do not. */
function joined(
  elements: readonly unknown[],
  row: (text: string) => TranscriptRow,
  areWords: boolean,
): TranscriptRow[] {
  const pieces: string[] = [];
  let start: TranscriptTime | undefined;
  let end: TranscriptTime | undefined;
  for (const element of elements.slice(0, MAX_PARTS)) {
    const fields = fieldsOf(element);
    const text =
      typeof element === 'string'
        ? element
        : TEXTS.map((name) => fields.get(name)).find((each) => typeof each === 'string');
    if (typeof text !== 'string') continue;
    pieces.push(text);
    const times = timesOf(fields);
    start ??= times.start;
    end = times.end ?? end;
  }
  const text = pieces.join(areWords ? ' ' : '');
  if (text.trim() === '') return [];
  return [{ ...(start !== undefined && { start }), ...(end !== undefined && { end }), ...row(text) }];
}

const isItem = (fields: Fields): boolean => fields.has('alternatives') && fields.has('type');

function timesOf(fields: Fields): { start?: TranscriptTime; end?: TranscriptTime } {
  const nested = fieldsOf(fields.get('offsets'));
  const pair = fields.get('timestamp');
  const [first, second] = Array.isArray(pair) ? (pair as unknown[]) : [];
  const start =
    firstTime(fields, STARTS_MS, 'ms') ??
    firstTime(nested, ['from'], 'ms') ??
    time(first, 'plain') ??
    firstTime(fields, STARTS, 'plain');
  const length = firstTime(fields, LENGTHS_MS, 'ms') ?? firstTime(fields, LENGTHS, 'plain');
  const end =
    firstTime(fields, ENDS_MS, 'ms') ??
    firstTime(nested, ['to'], 'ms') ??
    time(second, 'plain') ??
    firstTime(fields, ENDS, 'plain') ??
    (start !== undefined && length?.unit === start.unit
      ? { ...start, value: start.value + length.value }
      : undefined);
  return { ...(start !== undefined && { start }), ...(end !== undefined && { end }) };
}

function firstTime(
  fields: Fields,
  names: readonly string[],
  unit: TranscriptTime['unit'],
): TranscriptTime | undefined {
  for (const name of names) {
    const found = time(fields.get(name), unit);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Numbers, numbers in strings (`"1.5"`, `"1.5s"`) and clocks (`"00:01:02,500"`). */
function time(value: unknown, unit: TranscriptTime['unit']): TranscriptTime | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? { value, unit } : undefined;
  if (typeof value === 'object' && value !== null) {
    // `{ seconds: "1", nanos: 300000000 }`: a duration of Protocol Buffers.
    const fields = fieldsOf(value);
    const seconds = Number(fields.get('seconds') ?? 0) + Number(fields.get('nanos') ?? 0) / 1e9;
    const isLength =
      (fields.has('seconds') || fields.has('nanos')) && Number.isFinite(seconds) && seconds >= 0;
    return isLength ? { value: seconds * 1_000, unit: 'ms' } : undefined;
  }
  if (typeof value !== 'string') return undefined;
  const plain = /^(\d{1,9}(?:\.\d{1,9})?)(s?)$/u.exec(value.trim());
  if (plain !== null)
    return plain[2] === 's'
      ? { value: Number(plain[1]) * 1_000, unit: 'ms' }
      : { value: Number(plain[1]), unit };
  const clock = /^(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d{1,6})?)$/u.exec(value.trim());
  if (clock === null) return undefined;
  const [, hours = '0', minutes = '0', seconds = '0'] = clock;
  return {
    value: (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds.replace(',', '.'))) * 1_000,
    unit: 'ms',
  };
}

function speakerOf(fields: Fields, names: ReadonlyMap<string, string>): string | undefined {
  for (const name of SPEAKERS) {
    const value = fields.get(name);
    const said = typeof value === 'object' ? fieldsOf(value).get('name') : value;
    if (typeof said !== 'string' && typeof said !== 'number') continue;
    const label = String(said).trim();
    if (label === '') continue;
    return names.get(label) ?? (/^(?:\d{1,3}|[A-Z])$/u.test(label) ? `Speaker ${label}` : label);
  }
  return undefined;
}

/** Who says the word that begins at a time, where that is a list of its own: `speaker_labels: { segments: […] }`. */
function speakersByStart(data: unknown): ReadonlyMap<string, string> {
  const top = fieldsOf(data);
  const labels = fieldsOf(fieldsOf(top.get('results')).get('speaker_labels') ?? top.get('speaker_labels'));
  const segments = labels.get('segments');
  const speakers = new Map<string, string>();
  for (const segment of Array.isArray(segments) ? (segments as unknown[]).slice(0, MAX_PARTS) : []) {
    const items = fieldsOf(segment).get('items');
    for (const item of Array.isArray(items) ? (items as unknown[]).slice(0, MAX_PARTS) : []) {
      const fields = fieldsOf(item);
      const start = fields.get('start_time');
      const speaker = speakerOf(fields, new Map());
      if (typeof start === 'string' && speaker !== undefined) speakers.set(start, speaker);
    }
  }
  return speakers;
}

/** A table of speakers beside the list: `speakers: [{ id, name }]`. */
function speakerNames(data: unknown): ReadonlyMap<string, string> {
  const table = fieldsOf(data).get('speakers');
  const names = new Map<string, string>();
  for (const entry of Array.isArray(table) ? (table as unknown[]).slice(0, 1_000) : []) {
    const fields = fieldsOf(entry);
    const id = fields.get('id') ?? fields.get('speaker');
    const name = fields.get('name') ?? fields.get('label');
    if ((typeof id === 'string' || typeof id === 'number') && typeof name === 'string' && name.trim() !== '')
      names.set(String(id), name.trim());
  }
  return names;
}
