import { ContainerModule, injectable } from 'inversify';

import { Payments } from './orders-orchestrator.js';

@injectable()
class CardPayments extends Payments {
  override charge(): Promise<string> {
    return Promise.reject(new Error('A test reached the card network.'));
  }
}

/** What the application binds. */
export const payments = new ContainerModule(({ bind }) => {
  bind(Payments).to(CardPayments).inSingletonScope();
});
