import type { Clock, Logger } from '@kapelle/core';
import { SHARED_TENANT } from '../../state/index.js';
import type { ActionBook } from './action-book.js';
import { confidenceOf, isUseless } from './action-learning.js';
import { type AutomationLevel, needsApproval } from './approval.js';
import { type ActionRecord, type BookDraft, isShownTo } from './book-draft.js';
import { type BusinessInsight, businessInsights } from './business-insights.js';
import { type BusinessMetrics, type KpiSource, measureBusiness } from './business-metrics.js';
import { assessHealth, type OperationalState, type OperationsAssessment } from './health-assessment.js';
import { gatherIntelligence, type OperationsIntelligence } from './intelligence.js';
import { ActionDesk, type ActionWorld } from './action-desk.js';
import type { OperationsDriver } from './operations-driver.js';
import type { OperationsSettings } from './operations-options.js';
import { type OptimizationResults, optimizationResults } from './optimization.js';
import {
  type OperationsAction,
  type OperationsDecision,
  type OperationsView,
  RISK_LEVELS,
} from './operations-rule.js';

/** Tenants whose last state is remembered. */
const MAX_STATES = 1_000;

/** What a cycle saw and did. */
export interface OperationsCycle {
  readonly cycle_duration_seconds: number;
  readonly intelligence_data: OperationsIntelligence;
  readonly health_assessment: OperationsAssessment;
  readonly business_metrics: BusinessMetrics;
  /** What of the business is not as it should be. */
  readonly business_insights: readonly BusinessInsight[];
  readonly autonomous_decisions: readonly OperationsDecision[];
  /** What was proposed or done now. */
  readonly execution_results: readonly ActionRecord[];
  /** Actions of before of which it is known now whether they helped. */
  readonly learning_results: readonly ActionRecord[];
  /** What the actions of the last day came to. */
  readonly optimization_results: OptimizationResults;
  readonly operational_state: OperationalState;
}

/** What a cycle works with. */
export interface CycleWorld extends ActionWorld {
  /** Runs a phase under its name. */
  readonly phase: <T>(name: string, run: () => Promise<T>) => Promise<T>;
  /** The business as it was just measured. @default it is measured */
  readonly business?: BusinessMetrics;
}

/** Trouble that was seen, with whom it belongs to. */
interface Sighting {
  readonly decision: OperationsDecision;
  readonly tenantId: string;
}

/** The six phases: gather, assess, measure the business, decide, execute, learn. */
export class CycleRunner {
  readonly #book: ActionBook;
  readonly #settings: OperationsSettings;
  readonly #kpis: readonly KpiSource[];
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #states = new Map<string, OperationalState>();
  /** Does actions, and what people say to them. */
  readonly desk: ActionDesk;
  automation: AutomationLevel;

  constructor(
    book: ActionBook,
    settings: OperationsSettings,
    drivers: readonly OperationsDriver[],
    kpis: readonly KpiSource[],
    clock: Clock,
    logger: Logger,
  ) {
    this.#book = book;
    this.#settings = settings;
    this.desk = new ActionDesk(book, drivers, settings.actionTimeoutMs, clock, logger);
    this.#kpis = kpis;
    this.#clock = clock;
    this.#logger = logger;
    this.automation = settings.automation;
  }

  async run(world: CycleWorld): Promise<OperationsCycle> {
    const from = world.now();
    const { signal } = world;
    await this.#book.refresh();
    const intelligence = await world.phase('gather', () => gatherIntelligence(world.call, from));
    const assessment = await world.phase('assess', () => Promise.resolve(assessHealth(intelligence)));
    const { actionTimeoutMs: timeoutMs } = this.#settings;
    const business =
      world.business ??
      (await world.phase('business', () =>
        measureBusiness(this.#kpis, { clock: this.#clock, timeoutMs, signal }),
      ));
    const view = { intelligence, assessment, business };
    const { sightings, blind } = await world.phase('decide', () =>
      Promise.resolve(this.#decide(view, world.tenantId)),
    );
    // What was not seen because the cycle is being ended is not over.
    signal.throwIfAborted();
    // What was done before is judged by what is seen now, before anything else is done.
    const learning = await world.phase('learn', () => this.#learn(sightings, blind, world));
    const executed = await world.phase('execute', () => this.#execute(sightings, world));
    const state = this.stateOf(assessment);
    await this.#tellState(state, assessment, world);
    const shown = this.#book.actions.filter((each) => isShownTo(each, world.tenantId));
    return {
      cycle_duration_seconds: (world.now() - from) / 1_000,
      intelligence_data: intelligence,
      health_assessment: assessment,
      business_metrics: business,
      business_insights: businessInsights(business),
      autonomous_decisions: sightings.map(({ decision }) => decision),
      execution_results: executed,
      learning_results: learning,
      optimization_results: optimizationResults(shown, this.#book.learnt, world.now()),
      operational_state: state,
    };
  }

  stateOf(assessment: OperationsAssessment): OperationalState {
    if (this.#book.maintenance !== undefined) return 'maintenance';
    const isRecovering = this.#book.actions.some(({ state }) => state === 'done' || state === 'running');
    return isRecovering && assessment.state !== 'optimal' ? 'recovering' : assessment.state;
  }

  /** Tells when it goes better or worse; each tenant's threats are its own, and so is its state. */
  async #tellState(
    state: OperationalState,
    { overall, parts }: OperationsAssessment,
    world: CycleWorld,
  ): Promise<void> {
    const { tenantId } = world;
    const before = this.#states.get(tenantId);
    this.#states.delete(tenantId);
    this.#states.set(tenantId, state);
    const [oldest] = this.#states.keys();
    if (this.#states.size > MAX_STATES && oldest !== undefined) this.#states.delete(oldest);
    if (before === undefined || before === state) return;
    const evidence = Object.values(parts).flatMap((part) => part.evidence);
    const fields = { from: before, to: state, ...(overall === undefined ? {} : { overall }), evidence };
    const isWorse = state === 'critical' || (state === 'degraded' && before !== 'critical');
    if (isWorse) this.#logger.warn('operations_state_changed', fields);
    else this.#logger.info('operations_state_changed', fields);
    const reason = `From ${before} to ${state}. ${evidence.join('; ')}`.slice(0, 1_000);
    await this.desk.tell(world, {
      action: 'state_changed',
      resource: 'system',
      decision: isWorse ? 'alert' : 'monitor',
      reason,
    });
  }

  /** What the rules see, and the rules that could not say. */
  #decide(view: OperationsView, tenantId: string) {
    const sightings: Sighting[] = [];
    const blind: string[] = [];
    const seen = new Set<string>();
    for (const rule of this.#settings.rules) {
      try {
        const decisions = rule.decide(view);
        if (decisions === undefined) blind.push(rule.name);
        for (const decision of decisions ?? []) {
          if (seen.has(decision.signature)) continue;
          seen.add(decision.signature);
          sightings.push({ decision, tenantId: rule.perTenant === true ? tenantId : SHARED_TENANT });
        }
      } catch (thrown) {
        // One rule that fails must not keep the others from helping.
        blind.push(rule.name);
        this.#logger.error('operations_rule_failed', { rule: rule.name, error: String(thrown) });
      }
    }
    return { sightings, blind };
  }

  /** Trouble that is over was helped; trouble that is there after the time for it was not. */
  async #learn(
    sightings: readonly Sighting[],
    blind: readonly string[],
    world: CycleWorld,
  ): Promise<readonly ActionRecord[]> {
    const { tenantId } = world;
    const now = world.now();
    const isBlind = (rule: string): boolean =>
      blind.some((name) => rule === name || rule.startsWith(`${name}:`));
    const there = new Set(sightings.map((each) => keyOf(each.tenantId, each.decision.signature)));
    const judge = (draft: BookDraft): readonly ActionRecord[] => {
      const changed: ActionRecord[] = [];
      for (const record of [...draft.actions]) {
        if (!isShownTo(record, tenantId) || isBlind(record.rule)) continue;
        const isOver = !there.has(keyOf(record.tenantId, record.signature));
        if (record.state === 'proposed' && isOver) {
          changed.push(draft.change(record, { state: 'withdrawn', endedAt: now }));
        }
        if (record.state !== 'done' || record.doneAt === undefined) continue;
        if (!isOver && isWithin(now - record.doneAt, this.#settings.verifyAfterMs)) continue;
        draft.learn(record, isOver);
        const state = isOver ? 'verified' : 'not_verified';
        changed.push(draft.change(record, { state, endedAt: now }));
      }
      return changed;
    };
    // Most of the time there is nothing to write.
    if (!this.#book.actions.some(({ state }) => state === 'proposed' || state === 'done')) return [];
    const changed = await this.#book.change(judge);
    for (const record of changed) {
      const { action, signature, state } = record;
      await this.desk.audit(record, world);
      const fields = { action: action.name, signature };
      if (state === 'verified') this.#logger.info('operations_action_verified', fields);
      if (state === 'not_verified') this.#logger.warn('operations_action_not_verified', fields);
    }
    return changed;
  }

  async #execute(sightings: readonly Sighting[], world: CycleWorld): Promise<ActionRecord[]> {
    const records: ActionRecord[] = [];
    for (const sighting of sightings) {
      world.signal.throwIfAborted();
      if (this.#book.maintenance !== undefined) break;
      const record = await this.#claim(sighting, world.now());
      if (record === undefined) continue;
      if (record.state === 'running') {
        records.push(await this.desk.perform(record, world));
      } else {
        const { id, action, signature } = record;
        const fields = { id, action: action.name, risk: action.risk, signature };
        this.#logger.warn('operations_approval_needed', fields);
        await this.desk.audit(record, world, 'It waits for somebody to agree to it.');
        records.push(record);
      }
    }
    return records;
  }

  /** Notes what is to be done about trouble, to be done now or agreed to; `undefined` where nothing is. */
  async #claim({ decision, tenantId }: Sighting, now: number): Promise<ActionRecord | undefined> {
    const claim = (draft: BookDraft): ActionRecord | undefined => {
      if (draft.maintenance !== undefined) return undefined;
      const action = bestOf(decision, draft);
      if (action === undefined) return undefined;
      const known = draft.learntOf(decision.rule, action.name);
      const last = draft.lastOf(decision.signature, tenantId);
      const isSafer = isSaferThan(action, last);
      if (
        last !== undefined &&
        isSafer &&
        !needsApproval(this.automation, action.risk) &&
        !isUseless(known)
      ) {
        return draft.change(last, { action, evidence: decision.evidence, state: 'running' });
      }
      if (this.#isBusy(last, now)) return undefined;
      const record = draft.propose(decision, action, tenantId, confidenceOf(known), now);
      if (record === undefined || needsApproval(this.automation, action.risk) || isUseless(known)) {
        return record;
      }
      return draft.change(record, { state: 'running' });
    };
    const last = this.#book.actions.findLast(
      (each) => each.signature === decision.signature && each.tenantId === tenantId,
    );
    // Most of the time there is nothing to write.
    const isSafer = decision.actions.some((action) => isSaferThan(action, last));
    if (this.#isBusy(last, now) && !isSafer) return undefined;
    return decision.actions.length === 0 ? undefined : this.#book.change(claim);
  }

  #isBusy(last: ActionRecord | undefined, now: number): boolean {
    if (last === undefined) return false;
    if (last.state === 'proposed' || last.state === 'running' || last.state === 'done') return true;
    // Trouble that was over and is back is new trouble.
    if (last.state === 'verified' || last.state === 'withdrawn') return false;
    return isWithin(now - (last.endedAt ?? last.proposedAt), this.#settings.cooldownMs);
  }
}

/** The one that helped most often so far; among equals the first that is listed. */
function bestOf({ rule, actions }: OperationsDecision, draft: BookDraft): OperationsAction | undefined {
  let best: OperationsAction | undefined;
  let most = -1;
  for (const action of actions) {
    const confidence = confidenceOf(draft.learntOf(rule, action.name));
    if (confidence > most) [best, most] = [action, confidence];
  }
  return best;
}

/** Whether what waits for somebody has become less of a risk meanwhile. */
function isSaferThan(action: OperationsAction, last: ActionRecord | undefined): boolean {
  if (last?.state !== 'proposed' || last.action.name !== action.name) return false;
  return RISK_LEVELS.indexOf(action.risk) < RISK_LEVELS.indexOf(last.action.risk);
}

/** Whether so much time has not passed yet. A clock that was set back says nothing: it has. */
function isWithin(elapsedMs: number, ms: number): boolean {
  return elapsedMs >= 0 && elapsedMs < ms;
}

function keyOf(tenantId: string, signature: string): string {
  return `${tenantId}\n${signature}`;
}
