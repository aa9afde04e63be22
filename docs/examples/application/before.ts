import {
  getManager,
  getRouterA,
  getRouterB,
  type Manager,
  type RouterA,
  type RouterB,
  type Signal,
} from './parts.js';

// #region before
let instance: MyCoordinationOrchestrator | undefined;

export class MyCoordinationOrchestrator {
  readonly routerA: RouterA;
  readonly routerB: RouterB;
  readonly manager: Manager;
  readonly #queues: Record<string, Signal[]> = { a: [], b: [] };

  constructor(routerA?: RouterA, routerB?: RouterB, manager?: Manager) {
    // Everything is built at once, and the newest instance hides in a global.
    this.routerA = routerA ?? getRouterA();
    this.routerB = routerB ?? getRouterB();
    this.manager = manager ?? getManager();
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- what the pattern is about
    instance = this;
  }

  start(): void {
    setInterval(() => void this.process(), 1_000);
  }

  submitSignal(component: string, data: Signal): void {
    this.#queues[component]?.push(data);
  }

  getMetrics(): { signals: number } {
    return { signals: Object.values(this.#queues).reduce((sum, queue) => sum + queue.length, 0) };
  }

  private async process(): Promise<void> {
    for (const data of this.#queues['a']?.splice(0) ?? []) await this.routerA.route(data);
    for (const data of this.#queues['b']?.splice(0) ?? []) await this.routerB.route(data);
  }
}

export function getOrchestrator(): MyCoordinationOrchestrator | undefined {
  return instance;
}
// #endregion
