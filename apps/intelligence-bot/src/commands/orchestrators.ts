import type { Logger, OrchestratorInfo } from '@kapelle/core';
import Table from 'cli-table3';
import type { Bot, Ports } from '../compose.js';
import { colorsOf, roomOf, type Colors } from '../console-io.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { withBot, type CommandRun } from '../run-bot.js';

const LAYERS: readonly OrchestratorInfo['layer'][] = ['domain', 'application', 'infrastructure'];

/** Narrower terminals get a paragraph for each. */
const TABLE_WIDTH = 110;
/** What goes into a pipe or a file gets paragraphs, too, of so many columns. */
const LIST_WIDTH = 100;

/** Prints what runs: asked of the running facade, not of a list. */
export async function orchestrators(
  run: CommandRun,
  { json, verbose }: { readonly json?: true; readonly verbose?: true },
): Promise<ExitCode> {
  const { composeService } = await import('../service.js');
  const whole = (ports: Ports, logger?: Logger): Bot =>
    composeService(ports, run.settings, logger === undefined ? {} : { logger });
  return withBot(
    run,
    verbose === true,
    async ({ host }) => {
      const { io } = run;
      const known = Object.values(host.facade.listOrchestrators());
      const colors = colorsOf(io.outColors);
      if (json === true) io.out.write(`${JSON.stringify(known, undefined, 2)}\n`);
      else {
        const room = io.out.isTTY === true ? roomOf(io.out, 0) : LIST_WIDTH;
        const sorted = known.sort((a, b) => LAYERS.indexOf(a.layer) - LAYERS.indexOf(b.layer));
        io.out.write(room < TABLE_WIDTH ? paragraphs(sorted, colors, room) : table(sorted, colors, room));
      }
      return EXIT_CODE.ok;
    },
    whole,
  );
}

function table(known: readonly OrchestratorInfo[], colors: Colors, room: number): string {
  const columns = ['name', 'layer', 'type', 'state', 'health'] as const;
  // Of each cell: its text, a space on either side, and a line.
  const used = columns.map((column) => {
    const texts = known.map((each) => (column === 'health' ? each.health.status : each[column]));
    return Math.max(...[column, ...texts].map(({ length }) => length)) + 3;
  });
  const left = room - used.reduce((sum, width) => sum + width, 2);
  const lines = new Table({
    head: [...columns, 'operations'].map((title) => colors.bold(title)),
    ...{ colWidths: [null, null, null, null, null, left], wordWrap: true },
    // The library's own colours know nothing of ours.
    style: { head: [], border: [], compact: true },
  });
  for (const { name, layer, type, state, ...each } of known) {
    lines.push([name, layer, type, state, healthOf(each, colors), operationsOf(each)]);
  }
  return `${lines.toString()}\n`;
}

function paragraphs(known: readonly OrchestratorInfo[], colors: Colors, room: number): string {
  return known
    .map(({ name, layer, type, state, ...each }) => {
      const facts = `  ${layer} · ${type} · ${state} · `;
      const isOneLine = name.length + facts.length + each.health.status.length <= room;
      const head = `${colors.bold(name)}${isOneLine ? '' : '\n'}${facts}${healthOf(each, colors)}`;
      return `${head}\n${indented(operationsOf(each), room)}`;
    })
    .join('');
}

/** Lines of whole words, two columns in. */
function indented(text: string, room: number): string {
  let lines = '';
  let line = ' ';
  for (const word of text.split(' ')) {
    if (line.trim() !== '' && line.length + 1 + word.length > room) {
      lines += `${line}\n`;
      line = ' ';
    }
    line += ` ${word}`;
  }
  return `${lines}${line}\n`;
}

function healthOf({ health }: Pick<OrchestratorInfo, 'health'>, colors: Colors): string {
  return health.status === 'healthy' ? colors.green(health.status) : colors.yellow(health.status);
}

/** The default one is marked. */
function operationsOf({ operations }: Pick<OrchestratorInfo, 'operations'>): string {
  return operations.map((operation) => operation.name + (operation.default ? '*' : '')).join(', ');
}
