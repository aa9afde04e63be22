/** Where an orchestrator stands: business work, coordination of parts, or the running system itself. */
export const OrchestrationLayer = Object.freeze({
  DOMAIN: 'domain',
  APPLICATION: 'application',
  INFRASTRUCTURE: 'infrastructure',
});
export type OrchestrationLayer = (typeof OrchestrationLayer)[keyof typeof OrchestrationLayer];

/** How an orchestrator works. Any other non-empty string is a type of your own. */
export const OrchestrationType = Object.freeze({
  SEQUENTIAL: 'sequential',
  PARALLEL: 'parallel',
  HIERARCHICAL: 'hierarchical',
  ADAPTIVE: 'adaptive',
  FEEDBACK: 'feedback',
  MONITORING: 'monitoring',
  COORDINATION: 'coordination',
  LIFECYCLE: 'lifecycle',
  BUSINESS_LOGIC: 'business_logic',
});
export type OrchestrationType =
  | (typeof OrchestrationType)[keyof typeof OrchestrationType]
  // Keeps the known names in completion while accepting a user's own.
  | (string & Record<never, never>);

/** Which layers the orchestrators of a layer may call. */
export type LayerRule = Readonly<Record<OrchestrationLayer, readonly OrchestrationLayer[]>>;

/** Application calls everything; domain and infrastructure stay among themselves. */
export const DEFAULT_LAYER_RULE: LayerRule = Object.freeze({
  application: Object.freeze(['application', 'domain', 'infrastructure'] as const),
  domain: Object.freeze(['domain'] as const),
  infrastructure: Object.freeze(['infrastructure'] as const),
});

const LAYERS: ReadonlySet<unknown> = new Set(Object.values(OrchestrationLayer));

/** Whether `value` is one of the three layers. */
export function isLayer(value: unknown): value is OrchestrationLayer {
  return LAYERS.has(value);
}
