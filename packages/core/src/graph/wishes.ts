import type { Injection, Wanted } from '../container/inspect.js';
import { type AnyClass, lazyParametersOf } from '../orchestrator/metadata.js';
import type { Token } from '../orchestrator/options.js';

/** One thing to inject, and into what. */
export interface Wish {
  readonly wanted: Wanted;
  readonly into: string;
  /** The target, where it is a lazy parameter. */
  readonly lazily: (() => Token) | undefined;
}

/** A service on the way, with what of it is still to be followed. */
export interface Frame {
  readonly token: Token | undefined;
  readonly shown: string;
  readonly wishes: readonly Wish[];
  at: number;
}

export function pathOf(stack: readonly Frame[]): string[] {
  return stack.map((frame) => frame.shown);
}

/** What a class wants, from its `from`th parameter on. */
export function wishesOf(target: AnyClass, injection: Injection, from = 0): Wish[] {
  const wishes: Wish[] = [];
  for (let index = from; index < injection.wanted.length; index += 1) {
    const wanted = injection.wanted[index] as Wanted;
    wishes.push({ wanted, into: target.name, lazily: lazyTarget(target, wanted.token) });
  }
  return wishes;
}

function lazyTarget(target: AnyClass, token: Token | undefined): (() => Token) | undefined {
  if (typeof token !== 'symbol') return undefined;
  return lazyParametersOf(target).find(({ lazyToken }) => lazyToken === token)?.target;
}
