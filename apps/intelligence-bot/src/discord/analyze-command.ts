import { DEPTHS, failureCode, type Briefing, type Depth } from '@kapelle/orchestrators';
import { briefingMessages, linkTo } from './briefing-message.js';
import type { AskedCommand, CommandDesk, CommandHandler } from './command-desk.js';
import type { ChatMessage } from './chat-surface.js';
import { line } from './chat-text.js';
import { COLOR } from './colors.js';
import { deliver } from './delivery.js';
import { failureMessage, type Failure } from './failure-message.js';
import { ProgressMessage } from './progress-message.js';
import type { RunningAnalysis } from './running-analyses.js';

const BAR_CELLS = 12;

/** `/analyze`: makes a briefing of an address, tells how far it is, and shows it. */
export const analyzeCommand: CommandHandler = {
  isPrivate: false,
  async run(desk, asked) {
    const { command, answer, tenantId } = asked;
    const { options, id, userId } = command;
    const source = (options['source'] ?? '').trim();
    const problem = problemWith(source) ?? busy(desk, tenantId);
    if (problem !== undefined) {
      await deliver(answer, [failureMessage('That cannot be analysed', problem)], {
        logger: desk.logger,
        isPrivate: false,
      });
      return;
    }
    const analysis: RunningAnalysis = {
      id,
      tenantId,
      userId,
      source,
      depth: DEPTHS.find((each) => each === options['depth']) ?? 'best',
      startedAt: desk.clock.now(),
      ratio: 0,
      stage: '',
    };
    await desk.running.hold(analysis, () => analyse(desk, asked, analysis));
  },
};

async function analyse(
  { host, clock, logger, kept }: CommandDesk,
  { command, answer, tenantId, context }: AskedCommand,
  analysis: RunningAnalysis,
): Promise<void> {
  const progress = new ProgressMessage(clock, (message) => answer.edit(message));
  const stopListening = host.facade.events.on('run.progress', (event) => {
    if (event.requestId !== context.requestId) return;
    analysis.ratio = event.ratio;
    analysis.stage = event.message ?? analysis.stage;
    progress.show(progressMessage(analysis));
  });
  progress.show(progressMessage(analysis));
  const depth = DEPTHS.find((each): each is Depth => each === analysis.depth);
  try {
    // The desk learns how deep to go, where nobody says it, and which parts do their work.
    const result = await host.facade.orchestrate<Briefing>('analysis_desk', context, {
      operation: 'analyze',
      uri: analysis.source,
      ...(depth === undefined ? {} : { depth }),
    });
    stopListening();
    await progress.end();
    // What is uncertain is a briefing too: less than was asked for, with the reason.
    if (result.status !== 'ok' && result.status !== 'uncertain') {
      const failure: Failure =
        result.status === 'failed'
          ? { ...result, code: failureCode(result) }
          : { error: 'There is no briefing.' };
      logger.warn('chat_analysis_failed', {
        commandId: command.id,
        code: failure.code,
        reason: failure.error,
      });
      const messages = [failureMessage('The analysis failed', failure, command.id)];
      await deliver(answer, messages, { logger, isPrivate: false });
      return;
    }
    const { data: briefing, metadata, warnings, reason } = result;
    const items = metadata['items'];
    const messages = briefingMessages(briefing, {
      isCached: metadata['cached'] === true,
      isUnstored: metadata['stored'] === false && metadata['kept'] !== true,
      warnings,
      ...(reason === undefined ? {} : { reason }),
      ...(typeof items === 'number' ? { items } : {}),
    });
    const way = await deliver(answer, messages, { logger, isPrivate: false });
    if (way === 'kept' || metadata['stored'] === false) kept.keep(tenantId, briefing);
  } finally {
    stopListening();
    await progress.end();
  }
}

/** Only the web: whoever is in a chat has no business with the files of the machine. */
function problemWith(source: string): Failure | undefined {
  const url = URL.canParse(source) ? new URL(source) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) {
    if (url.username === '' && url.password === '') return undefined;
    return {
      error: 'The address has a password in it, which everybody here would see.',
      code: 'SOURCE_NOT_READABLE',
      errorCategory: 'validation',
    };
  }
  return {
    error: `"${source.slice(0, 200)}" is no address that begins with https:// or http://.`,
    code: 'SOURCE_UNSUPPORTED_SCHEME',
    errorCategory: 'validation',
  };
}

/** Asked again right before it begins: others may have begun while the answer was announced. */
function busy({ running }: CommandDesk, tenantId: string): Failure | undefined {
  const reason = running.refusal(tenantId);
  return reason === undefined ? undefined : { error: reason, code: 'CHAT_BUSY' };
}

function progressMessage({ source, ratio, stage }: RunningAnalysis): ChatMessage {
  const filled = Math.round(ratio * BAR_CELLS);
  const bar = `\`${'█'.repeat(filled)}${'░'.repeat(BAR_CELLS - filled)}\` ${String(Math.round(ratio * 100))} %`;
  return {
    embeds: [
      {
        title: 'Analysing',
        description: `${linkTo(source)}\n\n${bar}${stage === '' ? '' : `  ${line(stage, 120)}`}`,
        color: COLOR.working,
      },
    ],
  };
}
