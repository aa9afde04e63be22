import { SHARED_TENANT } from '../../state/index.js';
import type { ActionRecord } from './book-draft.js';
import type { CallOperation } from './intelligence.js';

/** Tenants that are looked at within one minute. */
const MAX_AT_ONCE = 20;

/** Tenants with severe threats, and those of whose actions it is not known yet what came of them; without `but`. */
export async function troubledTenants(
  call: CallOperation,
  actions: readonly ActionRecord[],
  but: string,
): Promise<readonly string[]> {
  const tenants = new Set<string>();
  const told = await call('security', { operation: 'get_threatened_tenants' });
  if (told.status === 'ok' && Array.isArray(told.data)) {
    for (const tenantId of told.data as readonly unknown[]) {
      if (typeof tenantId === 'string' && tenantId !== '') tenants.add(tenantId);
    }
  }
  for (const { tenantId, state } of actions) {
    if (state === 'proposed' || state === 'done') tenants.add(tenantId);
  }
  tenants.delete(but);
  tenants.delete(SHARED_TENANT);
  return [...tenants].sort();
}

/** Takes some of many at a time, so that all have their turn. */
export class TenantTurns {
  #last = '';

  /** @param tenants in ascending order */
  next(tenants: readonly string[]): readonly string[] {
    const after = tenants.filter((each) => each > this.#last);
    const taken = [...after, ...tenants.filter((each) => each <= this.#last)].slice(0, MAX_AT_ONCE);
    this.#last = taken.at(-1) ?? '';
    return taken;
  }
}
