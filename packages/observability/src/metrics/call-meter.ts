import type { Clock, StepResult, WatchedCall, WatchedOperation, Watcher, WorkScope } from '@kapelle/core';

import { CallCell, type CellLabels } from './call-cell.js';
import type { DurationScale } from './duration-scale.js';

export interface CallMeterOptions {
  readonly clock: Clock;
  readonly scale: DurationScale;
  /** Cells in all; calls beyond are counted in one cell whose labels are `other`. */
  readonly maxCells: number;
  /** Tenants that get cells of their own, those beyond are `other`; 0 for no tenant label. */
  readonly maxTenants: number;
}

const OTHER = 'other';

/** The cells of one operation. */
interface Operation {
  readonly identity: WatchedOperation;
  /** Where tenants are not told apart. */
  readonly cell: CallCell | undefined;
  readonly byTenant: Map<string, CallCell> | undefined;
}

/** Counts and times calls in cells of its own. */
export class CallMeter {
  readonly watcher: Watcher = { call: (call) => this.#begin(call) };
  readonly #options: CallMeterOptions;
  readonly #clock: Clock;
  /** By identity: an operation that was replaced has another one, and the same cell. */
  readonly #operations = new WeakMap<WatchedOperation, Operation>();
  readonly #cells = new Map<string, CallCell>();
  /** Of the call before: it is often the same, and to look it up costs as much as all the counting. */
  #last: Operation | undefined;
  readonly #tenants = new Set<string>();
  #other: CallCell | undefined;
  #overflowed = 0;

  constructor(options: CallMeterOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  get cells(): Iterable<CallCell> {
    return this.#cells.values();
  }

  /** Operations and tenants that got no cell of their own. */
  get overflowed(): number {
    return this.#overflowed;
  }

  #begin(call: WatchedCall): WorkScope {
    const { identity } = call;
    let operation = this.#last;
    if (operation?.identity !== identity) {
      this.#last = operation = this.#operations.get(identity) ?? this.#prepare(identity);
    }
    const cell = operation.cell ?? this.#cellOfTenant(operation, call.context.tenantId);
    cell.inFlight += 1;
    return new MeteredCall(cell, this.#clock, call.startedOn(this.#clock));
  }

  #prepare(identity: WatchedOperation): Operation {
    const prepared: Operation =
      this.#options.maxTenants === 0
        ? { identity, cell: this.#cell(labelsOf(identity)), byTenant: undefined }
        : { identity, cell: undefined, byTenant: new Map() };
    this.#operations.set(identity, prepared);
    return prepared;
  }

  #cellOfTenant({ identity, byTenant }: Operation, tenantId: string): CallCell {
    const known = byTenant?.get(tenantId);
    if (known !== undefined) return known;
    const tenant = this.#tenantLabel(tenantId);
    const cell = this.#cell({ ...labelsOf(identity), tenant });
    // Tenants beyond the bound are not remembered one by one.
    if (tenant === tenantId) byTenant?.set(tenantId, cell);
    return cell;
  }

  #tenantLabel(tenantId: string): string {
    if (this.#tenants.has(tenantId)) return tenantId;
    if (this.#tenants.size >= this.#options.maxTenants) {
      this.#overflowed += 1;
      return OTHER;
    }
    this.#tenants.add(tenantId);
    return tenantId;
  }

  #cell(labels: CellLabels): CallCell {
    const key = JSON.stringify([labels.orchestrator, labels.operation, labels.tenant]);
    let cell = this.#cells.get(key);
    if (cell !== undefined) return cell;
    if (this.#cells.size >= this.#options.maxCells) {
      this.#overflowed += 1;
      return this.#otherCell();
    }
    cell = new CallCell(labels, this.#options.scale);
    this.#cells.set(key, cell);
    return cell;
  }

  #otherCell(): CallCell {
    if (this.#other === undefined) {
      const labels = { orchestrator: OTHER, layer: OTHER, operation: OTHER };
      const tenant = this.#options.maxTenants === 0 ? {} : { tenant: OTHER };
      this.#other = new CallCell({ ...labels, ...tenant }, this.#options.scale);
      this.#cells.set(OTHER, this.#other);
    }
    return this.#other;
  }
}

function labelsOf({ orchestrator, layer, operation }: WatchedOperation): CellLabels {
  return { orchestrator, layer, operation };
}

class MeteredCall implements WorkScope {
  readonly #cell: CallCell;
  readonly #clock: Clock;
  readonly #startedAt: number;

  constructor(cell: CallCell, clock: Clock, startedAt: number) {
    this.#cell = cell;
    this.#clock = clock;
    this.#startedAt = startedAt;
  }

  end(result: StepResult): void {
    this.#cell.end(result, this.#clock.monotonic() - this.#startedAt);
  }
}
