import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { stopOrder } from './stop-order.js';

const named = (name: string, dependencies: readonly string[] = []): OrchestratorUnit =>
  ({ name, dependencies }) as unknown as OrchestratorUnit;

describe('stopOrder', () => {
  it('holds every need and never closes a circle, however the lazy links run', () => {
    const links = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 24 });
    fc.assert(
      fc.property(links, links, (needs, lazily) => {
        // A need points back in the order of the start; a lazy link points anywhere.
        const units = Array.from({ length: 8 }, (_, at) =>
          named(
            `n${at}`,
            needs.filter(([from, to]) => from === at && to < at).map(([, to]) => `n${to}`),
          ),
        );
        const before = stopOrder(units, (unit) =>
          lazily.filter(([from]) => `n${from}` === unit.name).map(([, to]) => `n${to}`),
        );
        for (const unit of units) {
          for (const name of unit.dependencies) {
            const needed = units.find((each) => each.name === name) as OrchestratorUnit;
            expect(before.get(needed)).toContain(unit);
          }
        }
        const down = new Set<OrchestratorUnit>();
        for (let left = units.length; left > 0; left -= 1) {
          const next = units.find(
            (unit) => !down.has(unit) && (before.get(unit) ?? []).every((each) => down.has(each)),
          );
          expect(next).toBeDefined();
          down.add(next as OrchestratorUnit);
        }
      }),
    );
  });

  it('lets the holder of a lazy one that came up later go first, unless that one waits for it', () => {
    const [holder, late, circle] = [named('holder'), named('late'), named('circle', ['holder'])] as const;
    const links: Record<string, string[]> = { holder: ['late', 'circle'] };
    const before = stopOrder([holder, late, circle], (unit) => links[unit.name] ?? []);
    expect(before.get(late)).toEqual([holder]);
    expect(before.get(circle)).toEqual([]);
    expect(before.get(holder)).toEqual([circle]);
  });
});
