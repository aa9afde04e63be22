/** What the coordinator coordinates. Each part counts how often it was built. */
export const built = { routerA: 0, routerB: 0, manager: 0 };

export interface Signal {
  readonly value: number;
}

export class RouterA {
  readonly received: Signal[] = [];

  constructor() {
    built.routerA += 1;
  }

  async route(signal: Signal): Promise<void> {
    this.received.push(signal);
  }
}

export class RouterB {
  readonly received: Signal[] = [];

  constructor() {
    built.routerB += 1;
  }

  async route(signal: Signal): Promise<void> {
    this.received.push(signal);
  }
}

export class Manager {
  handled = 0;

  constructor() {
    built.manager += 1;
  }

  note(): void {
    this.handled += 1;
  }
}

let routerA: RouterA | undefined;
let routerB: RouterB | undefined;
let manager: Manager | undefined;

export const getRouterA = (): RouterA => (routerA ??= new RouterA());
export const getRouterB = (): RouterB => (routerB ??= new RouterB());
export const getManager = (): Manager => (manager ??= new Manager());

/** Forgets the parts; for tests. */
export function resetParts(): void {
  routerA = routerB = manager = undefined;
  Object.assign(built, { routerA: 0, routerB: 0, manager: 0 });
}
