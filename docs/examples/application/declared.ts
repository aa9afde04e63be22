// #region after
import {
  BaseOrchestrator,
  consumes,
  type Lazy,
  lazy,
  operation,
  type OperationContext,
  orchestrator,
} from '@kapelle/core';
import { IsIn, IsNumber, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';

import { Manager, RouterA, RouterB, type Signal } from './parts.js';

class SignalData implements Signal {
  @IsNumber()
  value!: number;
}

export class SubmitParams {
  @IsIn(['a', 'b'])
  component!: string;

  @ValidateNested()
  @Type(() => SignalData)
  data!: SignalData;
}

@orchestrator('application', 'coordination')
export class MyCoordinationOrchestrator extends BaseOrchestrator {
  constructor(
    @lazy(RouterA) private readonly routerA: Lazy<RouterA>,
    @lazy(RouterB) private readonly routerB: Lazy<RouterB>,
    @lazy(Manager) private readonly manager: Lazy<Manager>,
  ) {
    super();
  }

  @operation({ name: 'submit_signal', default: true })
  submitSignal(_context: OperationContext, { component, data }: SubmitParams) {
    return this.queue<Signal>(component).offer(data);
  }

  @operation({ name: 'get_metrics' })
  getMetrics() {
    const queueA = this.queue('a').depth;
    const queueB = this.queue('b').depth;
    return { signals: queueA + queueB, queueA, queueB };
  }

  @consumes({ queue: 'a', capacity: 1_000 })
  async processA(signals: readonly Signal[]) {
    for (const signal of signals) await this.routerA.value.route(signal);
    this.manager.value.note();
  }

  @consumes({ queue: 'b', capacity: 1_000 })
  async processB(signals: readonly Signal[]) {
    for (const signal of signals) await this.routerB.value.route(signal);
    this.manager.value.note();
  }
}
// #endregion
