import type { Briefing } from '@kapelle/orchestrators';

/** Most briefings that are kept, of all tenants; the oldest make room. */
export const MAX_KEPT = 100;

/** Briefings that could be delivered to nobody. They wait here for `/results`, also those that the database did not take. */
export class KeptResults {
  readonly #kept: { readonly tenantId: string; readonly briefing: Briefing }[] = [];

  keep(tenantId: string, briefing: Briefing): void {
    this.seen(tenantId, briefing.id);
    this.#kept.push({ tenantId, briefing });
    if (this.#kept.length > MAX_KEPT) this.#kept.shift();
  }

  /** Those of a tenant, the newest first. */
  of(tenantId: string): Briefing[] {
    return this.#kept
      .filter((each) => each.tenantId === tenantId)
      .map(({ briefing }) => briefing)
      .reverse();
  }

  /** Somebody has it now. */
  seen(tenantId: string, id: string): void {
    const at = this.#kept.findIndex((each) => each.tenantId === tenantId && each.briefing.id === id);
    if (at !== -1) this.#kept.splice(at, 1);
  }
}
