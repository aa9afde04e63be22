/** How far a mission goes. */
export const MISSION_DEPTHS = ['quick', 'standard', 'deep', 'comprehensive', 'experimental'] as const;
export type MissionDepth = (typeof MISSION_DEPTHS)[number];

/** What money is set aside for. */
export const BUDGET_CATEGORIES = [
  'acquisition',
  'transcription',
  'analysis',
  'verification',
  'knowledge',
] as const;
export type BudgetCategory = (typeof BUDGET_CATEGORIES)[number];

/** What one depth is given. */
export interface DepthTable {
  /** The agents at the core of it. */
  readonly crew: readonly string[];
  /** How long it takes where nothing was measured yet, in minutes; give or take {@link TABLE_TOLERANCE}. */
  readonly minutes: number;
  /** US dollars by category. */
  readonly budgetUsd: Readonly<Record<BudgetCategory, number>>;
}

/** How far the minutes of the table may be off, as a share. */
export const TABLE_TOLERANCE = 0.2;

const STANDARD_CREW = ['mission_orchestrator', 'acquisition_specialist', 'analysis_cartographer'];
const DEEP_CREW = [...STANDARD_CREW, 'verification_director', 'knowledge_integrator'];
const COMPREHENSIVE_CREW = [
  ...DEEP_CREW,
  'persona_archivist',
  'signal_recon_specialist',
  'community_liaison',
];

function budget(
  acquisition: number,
  transcription: number,
  analysis: number,
  verification: number,
  knowledge: number,
): DepthTable['budgetUsd'] {
  return { acquisition, transcription, analysis, verification, knowledge };
}

/**
 * | depth         | crew | minutes | US dollars | acquisition | transcription | analysis | verification | knowledge |
 * | ------------- | ---- | ------- | ---------- | ----------- | ------------- | -------- | ------------ | --------- |
 * | quick         | 2    | 2       | 0.50       | 0.05        | 0.15          | 0.30     |              |           |
 * | standard      | 3    | 3       | 1.50       | 0.05        | 0.30          | 0.75     | 0.40         |           |
 * | deep          | 5    | 8       | 3.00       | 0.05        | 0.50          | 1.20     | 0.75         | 0.50      |
 * | comprehensive | 8    | 15      | 5.00       | 0.10        | 0.75          | 2.00     | 1.00         | 1.15      |
 * | experimental  | 11   | 25      | 10.00      | 0.10        | 1.50          | 4.00     | 2.00         | 2.40      |
 */
export const MISSION_DEPTH_TABLES: Readonly<Record<MissionDepth, DepthTable>> = {
  quick: {
    crew: ['mission_orchestrator', 'analysis_cartographer'],
    minutes: 2,
    budgetUsd: budget(0.05, 0.15, 0.3, 0, 0),
  },
  standard: { crew: STANDARD_CREW, minutes: 3, budgetUsd: budget(0.05, 0.3, 0.75, 0.4, 0) },
  deep: { crew: DEEP_CREW, minutes: 8, budgetUsd: budget(0.05, 0.5, 1.2, 0.75, 0.5) },
  comprehensive: { crew: COMPREHENSIVE_CREW, minutes: 15, budgetUsd: budget(0.1, 0.75, 2, 1, 1.15) },
  experimental: {
    crew: [
      ...COMPREHENSIVE_CREW,
      'transcription_engineer',
      'trend_intelligence_scout',
      'performance_analyst',
    ],
    minutes: 25,
    budgetUsd: budget(0.1, 1.5, 4, 2, 2.4),
  },
};

/** A depth as it was asked for, and as it is done. */
export interface ChosenDepth {
  readonly depth: MissionDepth;
  /** Why it is another one than was asked for. */
  readonly notice?: string;
}

/** By the beginning of the word, whatever its case; `standard` for nothing and for what is no depth. */
export function chooseDepth(asked: string | undefined, allowsExperimental: boolean): ChosenDepth {
  const word = (asked ?? 'standard').trim().toLowerCase();
  const known = (
    [
      ['exp', 'experimental'],
      ['comp', 'comprehensive'],
      ['deep', 'deep'],
      ['quick', 'quick'],
      ['standard', 'standard'],
    ] as const
  ).find(([beginning]) => word.startsWith(beginning));
  if (known === undefined) {
    return {
      depth: 'standard',
      notice: `"${word}" is no depth, so it is done as standard. Choose one of: ${MISSION_DEPTHS.join(', ')}.`,
    };
  }
  if (known[1] === 'experimental' && !allowsExperimental) {
    return {
      depth: 'comprehensive',
      notice: 'The depth experimental is not switched on, so it is done as comprehensive.',
    };
  }
  return { depth: known[1] };
}
