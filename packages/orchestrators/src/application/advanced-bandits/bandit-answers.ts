import type { BanditAlgorithm } from './algorithms/bandit-model.js';
import type { BanditDomainReport } from './book/domain-book.js';
import type { PolicyEvaluation } from './evaluation/off-policy.js';

/** What `get_performance_summary` gives. */
export interface BanditSummary {
  readonly domains: Readonly<Record<string, BanditDomainReport>>;
  /** Of all these domains. */
  readonly decisions: number;
  readonly rewards: number;
  readonly pending: number;
  /** Whether what is learnt survives the process. */
  readonly durable: boolean;
}

/** What `switch_default_algorithm` gives. */
export interface AlgorithmSwitched {
  readonly algorithm: BanditAlgorithm;
  /** The default before, by domain. */
  readonly before: Readonly<Record<string, BanditAlgorithm>>;
}

/** What `evaluate_policy` gives. */
export interface BanditEvaluation extends PolicyEvaluation {
  readonly domain: string;
  readonly policy: string;
}

/** What `import_model` gives. */
export interface ModelImported {
  readonly domain: string;
  readonly algorithms: readonly BanditAlgorithm[];
}
