import { escapeControls, type OrchestrationFacade } from '@kapelle/core';
import { colorsOf, widthOf, type ConsoleIo } from './console-io.js';

const BAR_CELLS = 20;
const ERASE_LINE = '\r\u001b[2K';

/** How far a command is, on stderr: a bar on a terminal, plain lines elsewhere. */
export interface Progress {
  /** Takes the bar away. */
  end(): void;
}

/** Nothing is shown. */
export const noProgress: Progress = { end: () => undefined };

/** What is shown of one request. */
export interface ProgressOptions {
  readonly requestId: string;
  readonly sources: number;
  /** A source as it is shown. */
  readonly nameOf: (source: string) => string;
  /** The orchestrator whose progress alone is shown. @default everybody's */
  readonly only?: string;
}

/** Shows how far the stages of a source are; where there are several sources, how many of them are done. */
export function showProgress(
  facade: OrchestrationFacade,
  io: ConsoleIo,
  { requestId, sources, nameOf, only }: ProgressOptions,
): Progress {
  const draw = io.err.isTTY === true ? drawBar(io) : drawLines(io);
  let done = 0;
  const stop = facade.events.on('run.progress', (event) => {
    if (event.requestId !== requestId) return;
    if (only !== undefined && event.orchestrator !== only) return;
    const isSource = event.orchestrator === 'content_intake';
    if (isSource) done = Math.round(event.ratio * sources);
    // A stage that was left out: the next one shows how far it is.
    if (event.message === undefined) return;
    const what = event.message;
    if (sources === 1) {
      if (!isSource)
        draw(event.ratio, `${String(Math.round(event.ratio * 100)).padStart(3)} %  ${what}`, true);
    } else
      draw(done / sources, `${String(done)}/${String(sources)}  ${isSource ? nameOf(what) : what}`, isSource);
  });
  return {
    end: () => {
      stop();
      if (io.err.isTTY === true) io.err.write(ERASE_LINE);
    },
  };
}

type Draw = (ratio: number, text: string, isMilestone: boolean) => void;

function drawBar(io: ConsoleIo): Draw {
  const colors = colorsOf(io.errColors);
  return (ratio, text) => {
    const width = widthOf(io.err) - 1;
    const filled = Math.round(ratio * BAR_CELLS);
    const bar = `${colors.cyan('█'.repeat(filled))}${colors.dim('░'.repeat(BAR_CELLS - filled))}  `;
    const room = width - BAR_CELLS - 2;
    const shown = [...escapeControls(text)];
    io.err.write(
      `${ERASE_LINE}${room < 20 ? shown.slice(0, width).join('') : bar + shown.slice(0, room).join('')}`,
    );
  };
}

function drawLines(io: ConsoleIo): Draw {
  return (_ratio, text, isMilestone) => {
    if (isMilestone) io.err.write(`${escapeControls(text)}\n`);
  };
}
