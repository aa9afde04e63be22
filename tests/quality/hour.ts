import type { BenchText } from './bench.js';
import { QualityBench } from './bench.js';
import { readLabels } from './labels.js';

const HOUR_MS = 3_600_000;
const TIMING = /(\d\d):(\d\d):(\d\d)[.,](\d{3}) --> (\d\d):(\d\d):(\d\d)[.,](\d{3})/u;

interface Cue {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

function cuesOf(captions: string, offset: number): readonly Cue[] {
  return captions.split(/\n\s*\n/u).flatMap((block) => {
    const lines = block.split('\n');
    const at = lines.findIndex((line) => TIMING.test(line));
    const [, ...parts] = TIMING.exec(lines[at] ?? '') ?? [];
    if (at < 0 || parts.length < 8) return [];
    const ms = (from: number): number =>
      ((Number(parts[from]) * 60 + Number(parts[from + 1])) * 60 + Number(parts[from + 2])) * 1_000 +
      Number(parts[from + 3]);
    return [{ from: ms(0) + offset, to: ms(4) + offset, text: lines.slice(at + 1).join('\n') }];
  });
}

function clock(ms: number): string {
  const whole = Math.floor(ms / 1_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(whole / 3_600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}.${String(ms % 1_000).padStart(3, '0')}`;
}

/** One hour of captions: the address of 1961 and, behind it, that of 1992 until the hour is full. */
export function hourOf(first: string, second: string): BenchText {
  const opening = cuesOf(first, 0);
  const cues = [...opening, ...cuesOf(second, opening.at(-1)?.to ?? 0)].filter(({ to }) => to <= HOUR_MS);
  const blocks = cues.map(({ from, to, text }) => `${clock(from)} --> ${clock(to)}\n${text}`);
  return { name: 'hour.vtt', text: `WEBVTT\n\n${blocks.join('\n\n')}\n` };
}

/** Makes the deep briefing of that hour and says what it took this process. */
export async function measureHour(root: string, cores: number): Promise<Record<string, unknown>> {
  const { samples, knowledge } = readLabels(root);
  const bench = await QualityBench.start(knowledge);
  const text = hourOf(
    samples.get('sotu-1961-kennedy.vtt')?.text ?? '',
    samples.get('sotu-1992-bush.srt')?.text ?? '',
  );
  const { document } = await bench.brief(text, 'deep');
  await bench.stop();
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return {
    words: document.wordCount,
    minutes: Math.round((document.durationMs ?? 0) / 60_000),
    // From the start of the process.
    seconds: Number((performance.now() / 1_000).toFixed(1)),
    cpuSeconds: Number(((userCPUTime + systemCPUTime) / 1e6).toFixed(1)),
    maxRssMb: Math.round(maxRSS / 1_024),
    node: process.versions.node,
    cores,
  };
}
