import { StepResult, type OrchestrationContext } from '@kapelle/core';
import {
  AutonomousIntelligenceOrchestrator,
  failureCode,
  type Briefing,
  type BriefingSummary,
  type SearchHit,
} from '@kapelle/orchestrators';
import { briefingMessages, hitText, listText } from './briefing-message.js';
import type { CommandDesk, CommandHandler } from './command-desk.js';
import type { ChatMessage } from './chat-surface.js';
import { COLOR } from './colors.js';
import { deliver } from './delivery.js';
import { failureMessage } from './failure-message.js';

/** How many are listed. */
const SHOWN = 10;
/** Ids of the newest that the beginning of one is compared with. */
const COMPARED = 500;
/** Ids are made of these; anything else is words. */
const ID_BEGINNING = /^[0-9a-f][0-9a-f-]{3,}$/i;

/** `/results`: finds what was made here, by id or by words; without either it lists the newest. */
export const resultsCommand: CommandHandler = {
  isPrivate: true,
  async run(desk, { command, answer, tenantId, context }) {
    const asked = (command.options['find'] ?? '').trim();
    const found = await find(desk, context, asked);
    const to = { logger: desk.logger, isPrivate: true };
    if (found.status !== 'ok') {
      const failure =
        found.status === 'failed'
          ? { ...found, code: failureCode(found) }
          : { error: 'The briefings cannot be looked through.' };
      await deliver(answer, [failureMessage('That is not found', failure, command.id)], to);
      return;
    }
    const { data } = found;
    if (data.kind === 'list') {
      await deliver(answer, [listMessage(data.title, data.text, data.isMore)], to);
      return;
    }
    const way = await deliver(answer, briefingMessages(data.briefing, { isCached: true }), to);
    if (way !== 'kept') desk.kept.seen(tenantId, data.briefing.id);
  },
};

type Found =
  | { readonly kind: 'briefing'; readonly briefing: Briefing }
  | { readonly kind: 'list'; readonly title: string; readonly text: string; readonly isMore: boolean };

async function find(
  desk: CommandDesk,
  context: OrchestrationContext,
  asked: string,
): Promise<StepResult<Found>> {
  const { host, kept } = desk;
  const client = host.facade.client(AutonomousIntelligenceOrchestrator);
  const unseen = kept.of(context.tenantId);
  if (asked === '') {
    const listed = await client.list(context, { limit: SHOWN + 1 });
    return StepResult.map(listed, (stored) => newest(unseen, stored));
  }
  const waiting = unseen.find(({ id }) => id === asked);
  if (waiting !== undefined) return StepResult.ok({ kind: 'briefing', briefing: waiting });
  if (ID_BEGINNING.test(asked)) {
    const byId = await client.get(context, { id: asked });
    if (byId.status === 'ok') return StepResult.ok({ kind: 'briefing', briefing: byId.data });
    const alike = await client.list(context, { limit: COMPARED });
    const begun =
      alike.status === 'ok' ? alike.data.filter(({ id }) => id.startsWith(asked.toLowerCase())) : [];
    const [newest] = begun;
    if (newest !== undefined && begun.every(({ contentHash }) => contentHash === newest.contentHash)) {
      const whole = await client.get(context, { id: newest.id });
      return StepResult.map(whole, (briefing): Found => ({ kind: 'briefing', briefing }));
    }
    if (begun.length > 1) {
      const text = listText(begun.slice(0, SHOWN));
      return StepResult.ok({
        kind: 'list',
        title: 'Several begin like this',
        text,
        isMore: begun.length > SHOWN,
      });
    }
  }
  const searched = await client.search(context, { query: asked, limit: SHOWN + 1 });
  if (searched.status === 'ok' && searched.data.length === 0) {
    return StepResult.fail('No briefing that was made here has all of these words, or this id.', {
      errorCategory: 'not_found',
      details: { code: 'BRIEFING_UNKNOWN' },
    });
  }
  return StepResult.map(searched, (hits) => hitsFound(hits));
}

function newest(unseen: readonly Briefing[], stored: readonly BriefingSummary[]): Found {
  const waiting = unseen.filter(({ id }) => !stored.some((each) => each.id === id));
  const all = [
    ...waiting.map(({ id, createdAt, document: { title } }) => ({ id, createdAt, title })),
    ...stored,
  ];
  const text =
    all.length === 0 ? 'Nothing was analysed here yet: `/analyze` begins.' : listText(all.slice(0, SHOWN));
  return { kind: 'list', title: 'Newest briefings', text, isMore: all.length > SHOWN };
}

function hitsFound(hits: readonly SearchHit[]): Found {
  const text = hits.slice(0, SHOWN).map(hitText).join('\n');
  return { kind: 'list', title: 'Found, the best first', text, isMore: hits.length > SHOWN };
}

function listMessage(title: string, text: string, isMore: boolean): ChatMessage {
  const footer = isMore ? 'There are more: name words that they hold.' : '/results with an id shows one.';
  return { embeds: [{ title, description: text, color: COLOR.plain, footer }] };
}
