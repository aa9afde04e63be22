import { StepResult } from '@kapelle/core';
import type { AgentRun, AgentTask } from '../hierarchical/agent.js';
import type { Briefing, Depth } from '../autonomous-intelligence/model.js';
import type { SearchHit } from '../autonomous-intelligence/ports.js';
import type { MissionAgent, MissionBrief } from './mission-agent.js';

/** The orchestrator that does the work of the built-in agents. */
export const ANALYST = 'autonomous_intelligence';

/** What the built-in agents say of a briefing; the whole is found under its id. */
export interface BriefingDigest {
  readonly briefingId: string;
  readonly contentHash: string;
  readonly title: string;
  readonly language: string;
  readonly wordCount: number;
  readonly producedBy: string;
  readonly depth: string;
}

/**
 * Agents that have a counterpart in `autonomous_intelligence`. Transcription, threats, social signals, profiles, system
 * reliability and community have none: they are absent until they are bound.
 */
export const DEFAULT_MISSION_AGENTS: Readonly<Record<string, MissionAgent>> = {
  acquisition_specialist: { accepts: ['uri'], execute: acquire },
  analysis_cartographer: { accepts: ['uri'], execute: analyse },
  verification_director: { accepts: ['uri'], execute: verify },
  knowledge_integrator: { accepts: ['uri'], execute: integrate },
  research_synthesist: { accepts: ['uri'], execute: research },
  intelligence_briefing_curator: { accepts: ['uri'], execute: curate },
};

/** Fetches and reads the content, as far as the quick analysis does; whether it can be had at all is known early. */
async function acquire(task: AgentTask, run: AgentRun): Promise<StepResult> {
  const { content } = briefOf(task);
  const answer = await analysed(run, { uri: content.uri, depth: 'quick' });
  return StepResult.map(answer, (briefing) => ({ ...digestOf(briefing), document: briefing.document }));
}

async function analyse(task: AgentTask, run: AgentRun): Promise<StepResult> {
  const { content, depth } = briefOf(task);
  const known: Depth = depth === 'experimental' ? 'comprehensive' : (depth as Depth);
  const answer = await analysed(run, { uri: content.uri, depth: known });
  return StepResult.map(answer, (briefing) => ({
    ...digestOf(briefing),
    summary: briefing.analysis.summary?.map(({ quote }) => quote) ?? [],
    keywords: briefing.analysis.keywords?.map(({ term }) => term) ?? [],
    topics: briefing.analysis.topics?.map(({ label }) => label) ?? [],
    sentiment: briefing.analysis.sentiment?.overall ?? null,
    notes: briefing.notes,
  }));
}

/** The verdicts on the claims that the analysis has checked. */
async function verify(task: AgentTask, run: AgentRun): Promise<StepResult> {
  return StepResult.map(await briefingFor(task, run), (briefing) => {
    const count = (verdict: string): number =>
      briefing.claims.filter((each) => each.verdict === verdict).length;
    return {
      briefingId: briefing.id,
      supported: count('supported'),
      contradicted: count('contradicted'),
      notEnoughEvidence: count('not_enough_evidence'),
      claims: briefing.claims.map(({ claim, verdict, explanation }) => ({
        quote: claim.quote,
        verdict,
        explanation,
      })),
    };
  });
}

/** Briefings that have keywords in common with this one. */
function integrate(task: AgentTask, run: AgentRun): Promise<StepResult> {
  return related(task, run, ({ analysis }) => analysis.keywords?.map(({ term }) => term) ?? []);
}

/** Briefings about the topics of this one. */
function research(task: AgentTask, run: AgentRun): Promise<StepResult> {
  return related(
    task,
    run,
    ({ analysis }) => analysis.topics?.flatMap(({ terms }) => terms.slice(0, 1)) ?? [],
  );
}

/** The stored briefing, or what is known of its quality. */
async function curate(task: AgentTask, run: AgentRun): Promise<StepResult> {
  return StepResult.map(await briefingFor(task, run), (briefing) =>
    task.taskId === 'quality_assessment'
      ? { briefingId: briefing.id, quality: briefing.analysis.quality ?? null, notes: briefing.notes }
      : {
          ...digestOf(briefing),
          narrative: briefing.narrative?.text ?? null,
          summary: briefing.analysis.summary?.map(({ quote }) => quote) ?? [],
          claims: briefing.claims.length,
        },
  );
}

/** Searches for each of the five first terms, which must all occur where they are asked for together. */
async function related(
  task: AgentTask,
  run: AgentRun,
  termsOf: (briefing: Briefing) => readonly string[],
): Promise<StepResult> {
  const found = await briefingFor(task, run);
  if (found.status !== 'ok' && found.status !== 'uncertain') return found;
  const terms = termsOf(found.data).slice(0, 5);
  const hits = new Map<string, { readonly briefingId: string; readonly title: string; terms: string[] }>();
  for (const term of terms) {
    const answer = await run.call<readonly SearchHit[]>(ANALYST, {
      operation: 'search',
      query: term,
      limit: 10,
    });
    if (answer.status === 'failed') return answer;
    if (answer.status === 'skipped') continue;
    for (const { summary } of answer.data) {
      if (summary.contentHash === found.data.contentHash) continue;
      const hit = hits.get(summary.id) ?? { briefingId: summary.id, title: summary.title, terms: [] };
      hit.terms.push(term);
      hits.set(summary.id, hit);
    }
  }
  const most = [...hits.values()].sort((a, b) => b.terms.length - a.terms.length);
  return StepResult.ok({ briefingId: found.data.id, terms, related: most.slice(0, 10) });
}

/** The briefing that a stage before this one has made. */
async function briefingFor(task: AgentTask, run: AgentRun): Promise<StepResult<Briefing>> {
  const ids = Object.values(task.results).flatMap((result) => briefingIdOf(result) ?? []);
  const id = ids[0];
  if (id !== undefined) return run.call<Briefing>(ANALYST, { operation: 'get', id });
  const { content, depth } = briefOf(task);
  // No stage before it has said which: the same content at the same depth is not analysed a second time.
  const known = depth === 'experimental' ? 'comprehensive' : depth;
  return analysed(run, { uri: content.uri, depth: known });
}

/** Has the content analysed, and charges the mission with what that was measured to cost. */
async function analysed(
  run: AgentRun,
  asked: { readonly uri: string | undefined; readonly depth: string },
): Promise<StepResult<Briefing>> {
  const answer = await run.call<Briefing>(ANALYST, { operation: 'analyze', ...asked });
  const usd = costOf(answer);
  if (usd > 0) run.spend(usd);
  return answer;
}

/** What an analysis has cost, in US dollars; one that another call has begun is that one's. */
function costOf(answer: StepResult<Briefing>): number {
  if (answer.metadata['shared'] === true) return 0;
  const told = answer.status === 'failed' ? memberOf(answer.details, 'budget') : answer.metadata['budget'];
  const usd = memberOf(memberOf(told, 'spent'), 'usd');
  return typeof usd === 'number' && Number.isFinite(usd) ? usd : 0;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (Reflect.get(value, name) as unknown) : undefined;
}

function briefingIdOf(result: unknown): string | undefined {
  const id = memberOf(result, 'briefingId');
  return typeof id === 'string' ? id : undefined;
}

function briefOf(task: AgentTask): MissionBrief {
  return task.missionContext as MissionBrief;
}

function digestOf(briefing: Briefing): BriefingDigest {
  const { id, contentHash, document, producedBy, depth } = briefing;
  return {
    briefingId: id,
    contentHash,
    title: document.title,
    language: document.language,
    wordCount: document.wordCount,
    producedBy,
    depth,
  };
}
