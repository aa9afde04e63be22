import {
  BaseOrchestrator,
  createOrchestrationHost,
  defineOrchestrator,
  type Lazy,
  lazy,
  operation,
  OrchestrationFacade,
  orchestrationModule,
  orchestrator,
} from '@kapelle/core';
import { Container, ContainerModule, inject } from 'inversify';

// #region constructor
export class Mailbox {
  readonly sent: string[] = [];
}

@orchestrator('domain', 'business_logic')
export class NotifyOrchestrator extends BaseOrchestrator {
  constructor(@inject(Mailbox) private readonly mailbox: Mailbox) {
    super();
  }

  @operation()
  notify() {
    return { sent: this.mailbox.sent.push('hello') };
  }
}

const mail = new ContainerModule(({ bind }) => {
  bind(Mailbox).toConstantValue(new Mailbox());
});

export const createHost = () =>
  createOrchestrationHost({ orchestrators: [NotifyOrchestrator], modules: [mail] });
// #endregion

// #region lazy
export class HeavyModel {
  static built = 0;
  constructor() {
    HeavyModel.built += 1;
  }
}

@orchestrator('application', 'coordination')
export class ModelUserOrchestrator extends BaseOrchestrator {
  constructor(@lazy(HeavyModel) private readonly model: Lazy<HeavyModel>) {
    super();
  }

  @operation()
  isLoaded() {
    return { isLoaded: this.model.isLoaded };
  }

  @operation({ default: true })
  use() {
    return { used: this.model.value instanceof HeavyModel };
  }
}
// #endregion

// #region circular
// The name stands for a class of a file that imports this one: only a function can name it.
@orchestrator('domain', 'business_logic')
export class ChickenOrchestrator extends BaseOrchestrator {
  constructor(@lazy.of(() => EggOrchestrator) private readonly egg: Lazy<EggOrchestrator>) {
    super();
  }

  @operation()
  cluck() {
    return { egg: this.egg.value.name };
  }
}

@orchestrator('domain', 'business_logic')
export class EggOrchestrator extends BaseOrchestrator {
  constructor(@inject(ChickenOrchestrator) readonly chicken: ChickenOrchestrator) {
    super();
  }

  @operation()
  hatch() {
    return { chicken: this.chicken.name };
  }
}
// #endregion

// #region facade
export class Controller {
  constructor(@inject(OrchestrationFacade) readonly facade: OrchestrationFacade) {}
}
// #endregion

// #region own-container
export function useOwnContainer() {
  const container = new Container();
  container.load(mail, orchestrationModule({ orchestrators: [NotifyOrchestrator] }));
  return { container, facade: container.get(OrchestrationFacade) };
}
// #endregion

// #region without-decorators
export class PlainOrchestrator extends BaseOrchestrator {
  constructor(private readonly mailbox: Mailbox) {
    super();
  }

  count() {
    return { count: this.mailbox.sent.length };
  }
}

defineOrchestrator(PlainOrchestrator, {
  layer: 'domain',
  type: 'business_logic',
  operations: ['count'],
  inject: [Mailbox],
});
// #endregion
