import { StepResult } from '@kapelle/core';
import type { AgentRun, AgentTask, Briefing, MissionAgents, SearchHit } from '@kapelle/orchestrators';
import {
  announcementOf,
  slowestStages,
  threatFindings,
  transcriptFindings,
  voiceFindings,
} from './briefing-findings.js';

const ANALYST = 'autonomous_intelligence';
/** Names that are looked for in other briefings. */
const LOOKED_FOR = 5;

/**
 * Who does the stages of a mission that have no agent of their own in `mission`. Each works on the briefing that stages before
 * it have made, by the operations of the bot.
 */
export const MISSION_TEAM: MissionAgents = {
  transcription_engineer: {
    accepts: ['uri'],
    execute: withBriefing((briefing) => {
      const { doubts, ...found } = transcriptFindings(briefing);
      return certain({ briefingId: briefing.id, ...found }, doubts);
    }),
  },
  risk_intelligence_analyst: {
    accepts: ['uri'],
    execute: withBriefing((briefing) => {
      const { doubts, ...found } = threatFindings(briefing);
      return certain({ briefingId: briefing.id, ...found }, doubts);
    }),
  },
  signal_recon_specialist: { accepts: ['uri'], execute: withBriefing(mentions) },
  persona_archivist: {
    accepts: ['uri'],
    execute: withBriefing((briefing) => {
      const voices = voiceFindings(briefing);
      return voices.length === 0
        ? StepResult.skip('The content does not say who speaks.')
        : StepResult.ok({ briefingId: briefing.id, voices });
    }),
  },
  system_reliability_officer: { accepts: ['uri'], execute: withBriefing(reliability) },
  community_liaison: {
    accepts: ['uri'],
    execute: withBriefing((briefing) =>
      StepResult.ok({ briefingId: briefing.id, message: announcementOf(briefing) }),
    ),
  },
};

/** Who is spoken of, and which other stored briefings speak of them too. */
async function mentions(briefing: Briefing, run: AgentRun): Promise<StepResult> {
  const named = (briefing.analysis.entities ?? [])
    .filter(({ kind }) => kind === 'person' || kind === 'organization')
    .sort((a, b) => b.count - a.count)
    .slice(0, LOOKED_FOR);
  const found = [];
  for (const { text, kind, count } of named) {
    const answer = await run.call<readonly SearchHit[]>(ANALYST, {
      operation: 'search',
      query: `"${text.replaceAll('"', ' ')}"`,
      limit: 20,
    });
    if (answer.status === 'failed') return answer;
    const hits = answer.status === 'skipped' ? [] : answer.data;
    const elsewhere = hits
      .filter(({ summary }) => summary.contentHash !== briefing.contentHash)
      .map(({ summary: { id, title } }) => ({ briefingId: id, title }));
    found.push({ name: text, kind, count, elsewhere });
  }
  return StepResult.ok({ briefingId: briefing.id, mentions: found });
}

/** What took longest, and how the paths to a briefing have done of late. */
async function reliability(briefing: Briefing, run: AgentRun): Promise<StepResult> {
  const answer = await run.call('enhanced_autonomous', { operation: 'get_path_history' });
  const timed = {
    briefingId: briefing.id,
    producedBy: briefing.producedBy,
    totalMs: Math.round(briefing.timings.reduce((sum, { ms }) => sum + ms, 0)),
    slowest: slowestStages(briefing),
    notes: briefing.notes,
  };
  return answer.status === 'ok'
    ? StepResult.ok({ ...timed, paths: answer.data })
    : StepResult.uncertain(timed, { reason: 'How the paths have done of late is not known.' });
}

function withBriefing(
  work: (briefing: Briefing, run: AgentRun) => StepResult | Promise<StepResult>,
): (task: AgentTask, run: AgentRun) => Promise<StepResult> {
  return async (task, run) => {
    const found = await briefingOf(task, run);
    return found.status === 'ok' || found.status === 'uncertain' ? work(found.data, run) : found;
  };
}

/** The deepest briefing that the stages before this one have made: the first that any of them names is of the quick look. */
async function briefingOf({ results }: AgentTask, run: AgentRun): Promise<StepResult<Briefing>> {
  const ids = ['content_analysis', ...Object.keys(results).reverse()].flatMap((stage) => {
    const result = results[stage];
    const id: unknown =
      typeof result === 'object' && result !== null ? Reflect.get(result, 'briefingId') : undefined;
    return typeof id === 'string' ? [id] : [];
  });
  const [id] = ids;
  if (id !== undefined) return run.call<Briefing>(ANALYST, { operation: 'get', id });
  return StepResult.fail('No stage before this one has made a briefing. See what became of these.', {
    errorCategory: 'dependency',
  });
}

function certain(found: object, doubts: readonly string[]): StepResult {
  const [reason] = doubts;
  return reason === undefined ? StepResult.ok(found) : StepResult.uncertain(found, { reason });
}
