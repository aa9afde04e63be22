import type { Logger, StepResult } from '@kapelle/core';
import { confidenceOf, isUseless, learningKey } from './action-learning.js';
import type { ActionBook, ActionRecord } from './action-book.js';
import { type AutomationLevel, needsApproval } from './approval.js';
import { type BusinessMetrics, type KpiSource, measureBusiness } from './business-metrics.js';
import { assessHealth, type OperationalState, type OperationsAssessment } from './health-assessment.js';
import { type CallOperation, gatherIntelligence, type OperationsIntelligence } from './intelligence.js';
import type { DriverOutcome, OperationsDriver } from './operations-driver.js';
import type { OperationsSettings } from './operations-options.js';
import type { OperationsAction, OperationsDecision, OperationsView } from './operations-rule.js';

/** What a cycle saw and did. */
export interface OperationsCycle {
  readonly cycle_duration_seconds: number;
  readonly intelligence_data: OperationsIntelligence;
  readonly health_assessment: OperationsAssessment;
  readonly business_metrics: BusinessMetrics;
  readonly autonomous_decisions: readonly OperationsDecision[];
  /** What was proposed or done now. */
  readonly execution_results: readonly ActionRecord[];
  /** Actions of before of which it is known now whether they helped. */
  readonly learning_results: readonly ActionRecord[];
  readonly operational_state: OperationalState;
}

/** What a cycle works with. */
export interface CycleWorld {
  readonly call: CallOperation;
  readonly signal: AbortSignal;
  /** Epoch ms. */
  readonly now: () => number;
  /** Runs a phase under its name. */
  readonly phase: <T>(name: string, run: () => Promise<T>) => Promise<T>;
}

/** The six phases: gather, assess, measure the business, decide, execute, learn. */
export class CycleRunner {
  readonly #book: ActionBook;
  readonly #settings: OperationsSettings;
  readonly #drivers: ReadonlyMap<string, OperationsDriver>;
  readonly #kpis: readonly KpiSource[];
  readonly #logger: Logger;
  automation: AutomationLevel;

  constructor(
    book: ActionBook,
    settings: OperationsSettings,
    drivers: readonly OperationsDriver[],
    kpis: readonly KpiSource[],
    logger: Logger,
  ) {
    this.#book = book;
    this.#settings = settings;
    this.#drivers = new Map(drivers.map((driver) => [driver.name, driver]));
    this.#kpis = kpis;
    this.#logger = logger;
    this.automation = settings.automation;
  }

  async run(world: CycleWorld): Promise<OperationsCycle> {
    const from = world.now();
    const intelligence = await world.phase('gather', () => gatherIntelligence(world.call, from));
    const assessment = await world.phase('assess', () => Promise.resolve(assessHealth(intelligence)));
    const business = await world.phase('business', () => measureBusiness(this.#kpis, world.signal));
    const decisions = await world.phase('decide', () =>
      Promise.resolve(this.#decide({ intelligence, assessment, business })),
    );
    // What was done before is judged by what is seen now, before anything else is done.
    const learning = await world.phase('learn', () => Promise.resolve(this.#learn(decisions, world.now())));
    const executed = await world.phase('execute', () => this.#execute(decisions, world));
    await this.#book.save();
    return {
      cycle_duration_seconds: (world.now() - from) / 1_000,
      intelligence_data: intelligence,
      health_assessment: assessment,
      business_metrics: business,
      autonomous_decisions: decisions,
      execution_results: executed,
      learning_results: learning,
      operational_state: this.stateOf(assessment),
    };
  }

  stateOf(assessment: OperationsAssessment): OperationalState {
    if (this.#book.maintenance !== undefined) return 'maintenance';
    const isRecovering = this.#book.actions.some(({ state }) => state === 'done' || state === 'running');
    return isRecovering && assessment.state !== 'optimal' ? 'recovering' : assessment.state;
  }

  /** Does an action that somebody has agreed to. */
  async approve(record: ActionRecord, by: string, world: Omit<CycleWorld, 'phase'>): Promise<ActionRecord> {
    this.#book.change(record.id, { decidedBy: by });
    const done = await this.#perform(record, world);
    await this.#book.save();
    return done;
  }

  #decide(view: OperationsView): OperationsDecision[] {
    const decisions: OperationsDecision[] = [];
    const seen = new Set<string>();
    for (const rule of this.#settings.rules) {
      try {
        for (const decision of rule.decide(view)) {
          if (seen.has(decision.signature)) continue;
          seen.add(decision.signature);
          decisions.push(decision);
        }
      } catch (thrown) {
        // One rule that fails must not keep the others from helping.
        this.#logger.error('operations_rule_failed', { rule: rule.name, error: String(thrown) });
      }
    }
    return decisions;
  }

  /** Trouble that is over was helped; trouble that is there after the time for it was not. */
  #learn(decisions: readonly OperationsDecision[], now: number): ActionRecord[] {
    const there = new Set(decisions.map(({ signature }) => signature));
    const changed: ActionRecord[] = [];
    for (const record of [...this.#book.actions]) {
      if (record.state === 'proposed' && !there.has(record.signature)) {
        changed.push(this.#book.change(record.id, { state: 'withdrawn', endedAt: now }));
      }
      if (record.state !== 'done' || record.doneAt === undefined) continue;
      const isOver = !there.has(record.signature);
      if (!isOver && now - record.doneAt < this.#settings.verifyAfterMs) continue;
      this.#book.learn(record, isOver);
      const state = isOver ? 'verified' : 'not_verified';
      changed.push(this.#book.change(record.id, { state, endedAt: now }));
      const fields = { action: record.action.name, signature: record.signature };
      if (isOver) this.#logger.info('operations_action_verified', fields);
      else this.#logger.warn('operations_action_not_verified', fields);
    }
    return changed;
  }

  async #execute(decisions: readonly OperationsDecision[], world: CycleWorld): Promise<ActionRecord[]> {
    const records: ActionRecord[] = [];
    if (this.#book.maintenance !== undefined) return records;
    for (const decision of decisions) {
      const now = world.now();
      if (this.#isBusy(decision.signature, now)) continue;
      const action = this.#best(decision);
      if (action === undefined) continue;
      const confidence = confidenceOf(this.#book.learnt[learningKey(decision.rule, action.name)]);
      const record = this.#book.propose(decision, action, confidence, now);
      const hasFailed = isUseless(this.#book.learnt[learningKey(decision.rule, action.name)]);
      if (needsApproval(this.automation, action.risk) || hasFailed) {
        this.#logger.warn('operations_approval_needed', {
          id: record.id,
          action: action.name,
          risk: action.risk,
          signature: decision.signature,
        });
        records.push(record);
      } else records.push(await this.#perform(record, world));
    }
    return records;
  }

  /** The one that helped most often so far; among equals the first that is listed. */
  #best({ rule, actions }: OperationsDecision): OperationsAction | undefined {
    let best: OperationsAction | undefined;
    let most = -1;
    for (const action of actions) {
      const confidence = confidenceOf(this.#book.learnt[learningKey(rule, action.name)]);
      if (confidence > most) [best, most] = [action, confidence];
    }
    return best;
  }

  #isBusy(signature: string, now: number): boolean {
    const last = this.#book.lastOf(signature);
    if (last === undefined) return false;
    if (last.state === 'proposed' || last.state === 'running' || last.state === 'done') return true;
    // Trouble that was over and is back is new trouble.
    if (last.state === 'verified' || last.state === 'withdrawn') return false;
    return now - (last.endedAt ?? last.proposedAt) < this.#settings.cooldownMs;
  }

  async #perform(record: ActionRecord, world: Omit<CycleWorld, 'phase'>): Promise<ActionRecord> {
    this.#book.change(record.id, { state: 'running' });
    await this.#book.save();
    const outcome = await this.#run(record, world);
    const now = world.now();
    const fields = {
      id: record.id,
      action: record.action.name,
      signature: record.signature,
      message: outcome.message,
    };
    if (!outcome.done) {
      this.#logger.error('operations_action_failed', fields);
      this.#book.learn(record, false);
      return this.#book.change(record.id, { state: 'failed', endedAt: now, message: outcome.message });
    }
    this.#logger.info('operations_action_done', fields);
    return this.#book.change(record.id, { state: 'done', doneAt: now, message: outcome.message });
  }

  async #run({ id, action }: ActionRecord, world: Omit<CycleWorld, 'phase'>): Promise<DriverOutcome> {
    try {
      if (action.call !== undefined)
        return outcomeOf(await world.call(action.call.orchestrator, action.call.params));
      const { driver } = action;
      if (driver === undefined)
        return { done: false, message: 'The action names neither an operation nor a driver.' };
      const known = this.#drivers.get(driver.name);
      if (known === undefined) {
        return {
          done: false,
          message: `There is no driver "${driver.name}". Bind it under OPERATIONS_DRIVERS.`,
        };
      }
      return await known.run(driver.params, { signal: world.signal, idempotencyKey: id });
    } catch (thrown) {
      return { done: false, message: thrown instanceof Error ? thrown.message : String(thrown) };
    }
  }
}

function outcomeOf(result: StepResult): DriverOutcome {
  if (result.status === 'failed') return { done: false, message: result.error };
  return result.status === 'skipped'
    ? { done: false, message: result.reason }
    : { done: true, message: 'Done.' };
}
