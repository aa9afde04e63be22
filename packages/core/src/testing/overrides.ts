import { ContainerModule } from 'inversify';

import { bindingReader, injectionOf } from '../container/inspect.js';
import { CLOCK, KERNEL, LOGGER, ORCHESTRATOR } from '../container/tokens.js';
import { OrchestrationError } from '../errors.js';
import { OrchestrationFacade } from '../facade/orchestration-facade.js';
import type { OrchestrationHost } from '../lifecycle/host.js';
import { tokenName } from '../orchestrator/lazy.js';
import { type AnyClass, lazyParametersOf } from '../orchestrator/metadata.js';
import type { Token } from '../orchestrator/options.js';

interface OverrideBase {
  readonly provide: Token;
  /** Whether it is all right when nothing uses it. @default false */
  readonly optional?: boolean;
}

/** What stands in for what is bound to a token, in the short form as `[token, value]`. */
export type Override =
  | readonly [token: Token, value: unknown]
  | (OverrideBase & { readonly useValue: unknown })
  /** Built by the container, once. */
  | (OverrideBase & { readonly useClass: new (...args: never[]) => unknown });

interface ResolvedOverride extends OverrideBase {
  readonly useValue?: unknown;
  readonly useClass?: new (...args: never[]) => unknown;
}

const FRAMEWORK: ReadonlySet<Token> = new Set<Token>([
  OrchestrationFacade,
  LOGGER,
  CLOCK,
  ORCHESTRATOR,
  KERNEL,
]);

/** The overrides of a test host: loaded as its last module, and loaded again whenever the host builds anew. */
export class Overrides {
  readonly module: ContainerModule;
  readonly #overrides: readonly ResolvedOverride[];
  readonly #built = new Set<Token>();

  /** @throws TypeError for something else than an override, OrchestrationError `OPTION_INVALID` */
  constructor(overrides: readonly Override[], orchestrators: readonly AnyClass[]) {
    this.#overrides = overrides.map(resolve);
    const tokens = new Set<Token>();
    for (const { provide } of this.#overrides) {
      if (tokens.has(provide)) throw invalid(provide, 'is overridden twice.', 'Keep one of the overrides.');
      tokens.add(provide);
      if (FRAMEWORK.has(provide)) {
        throw invalid(
          provide,
          'belongs to the framework.',
          'Pass { clock } or interceptors to the test host.',
        );
      }
      if (orchestrators.includes(provide as AnyClass)) {
        throw invalid(
          provide,
          'is an orchestrator of the host.',
          'List another class of the same name in `orchestrators` instead of it.',
        );
      }
    }
    this.module = new ContainerModule(({ bind, isBound, unbind }) => {
      for (const { provide, useValue, useClass } of this.#overrides) {
        if (isBound(provide)) unbind(provide);
        const binding =
          useClass === undefined
            ? bind(provide as never).toConstantValue(useValue)
            : bind(provide as never)
                .to(useClass)
                .inSingletonScope();
        binding.onActivation((_, instance) => {
          this.#built.add(provide);
          return instance;
        });
      }
    });
  }

  /** The overrides that nothing injects and nothing has asked for. */
  unused(host: OrchestrationHost, orchestrators: readonly AnyClass[]): OrchestrationError | undefined {
    const wanted = wantedTokens(host, orchestrators);
    const unused = this.#overrides.filter(
      ({ provide, optional }) => optional !== true && !wanted.has(provide) && !this.#built.has(provide),
    );
    if (unused.length === 0) return undefined;
    const names = unused.map(({ provide }) => tokenName(provide)).join(', ');
    return new OrchestrationError('OPTION_INVALID', `Nothing uses what is overridden: ${names}.`, {
      fix: 'Correct the token, drop the override, or say { optional: true }.',
    });
  }
}

function resolve(override: Override): ResolvedOverride {
  if (Array.isArray(override)) {
    const [provide, useValue] = override as readonly [Token, unknown];
    if (override.length === 2 && isToken(provide)) return { provide, useValue };
  } else if (typeof override === 'object' && override !== null) {
    const entry = override as ResolvedOverride;
    const isClass = typeof entry.useClass === 'function';
    if (isToken(entry.provide) && isClass !== 'useValue' in entry) return entry;
  }
  throw new TypeError(
    'An override is [token, value], { provide: token, useValue } or { provide: token, useClass }.',
  );
}

function isToken(value: unknown): value is Token {
  return typeof value === 'string' || typeof value === 'symbol' || typeof value === 'function';
}

function invalid(token: Token, what: string, fix: string): OrchestrationError {
  return new OrchestrationError('OPTION_INVALID', `${tokenName(token)} ${what}`, { fix });
}

/** Every token that the classes ask for, themselves or through what is bound to one that they ask for. */
function wantedTokens(host: OrchestrationHost, classes: readonly AnyClass[]): ReadonlySet<Token> {
  const bindingsOf = bindingReader(host.container);
  const wanted = new Set<Token>();
  const open: Token[] = [];
  const want = (token: Token | undefined): void => {
    if (token === undefined || wanted.has(token)) return;
    wanted.add(token);
    open.push(token);
  };
  const wantAllOf = (target: AnyClass): void => {
    for (const { token } of injectionOf(target).wanted) want(token);
    for (const parameter of lazyParametersOf(target)) want(parameter.target());
  };
  for (const target of classes) wantAllOf(target);
  for (let token = open.pop(); token !== undefined; token = open.pop()) {
    for (const binding of bindingsOf(token) ?? []) {
      want(binding.alias);
      if (binding.implementation !== undefined) wantAllOf(binding.implementation);
      for (const argument of binding.arguments) want(argument.token);
    }
  }
  return wanted;
}
