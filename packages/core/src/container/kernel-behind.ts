import type { IsBound } from 'inversify';

import { OrchestrationError } from '../errors.js';
import type { FacadeOptions } from '../facade/orchestration-facade.js';
import type { Kernel } from './kernel.js';
import { KERNEL } from './tokens.js';

/** The kernel whose bindings a module can see but not get: it is asked as a constraint of its own binding. */
export function kernelBehind(isBound: IsBound): Kernel | undefined {
  let found: Kernel | undefined;
  isBound(KERNEL, {
    tag: {
      key: KERNEL,
      value: (kernel: Kernel) => {
        found = kernel;
      },
    },
  });
  return found;
}

/** @throws OrchestrationError `OPTION_INVALID` where a facade that is in use would have to work another way */
export function checkSameOptions(kernel: Kernel, given: FacadeOptions): void {
  const other = (Object.keys(given) as (keyof FacadeOptions)[]).filter(
    (key) => given[key] !== undefined && given[key] !== kernel.facadeOptions[key],
  );
  if (other.length === 0) return;
  throw new OrchestrationError(
    'OPTION_INVALID',
    `The facade of the container is in use already, so it cannot be given another ${other.join(', ')}.`,
    { fix: 'Give it to orchestrationModule, or make the host before anything is got from the container.' },
  );
}
