import type { BudgetCategory, MissionDepth } from './mission-depth.js';

/** How much a stage matters to its mission. */
export const STAGE_PRIORITIES = { critical: 9, high: 7, medium: 5, low: 3 } as const;
export type StagePriority = keyof typeof STAGE_PRIORITIES;

/** A stage that a mission may have. */
export interface MissionStage {
  readonly id: string;
  readonly title: string;
  /** Who does it. */
  readonly agent: string;
  readonly priority: StagePriority;
  readonly needs: readonly string[];
  /** What its money is taken from; planning costs nothing. */
  readonly category?: BudgetCategory;
}

function stage(
  id: string,
  title: string,
  agent: string,
  [priority, needs, category]: readonly [StagePriority, readonly string[], BudgetCategory?],
): MissionStage {
  return { id, title, agent, priority, needs, ...(category === undefined ? {} : { category }) };
}

/** All stages, each after those that it needs. */
export const MISSION_STAGES: readonly MissionStage[] = [
  stage('mission_planning', 'Mission Planning', 'mission_orchestrator', ['critical', []]),
  stage('content_acquisition', 'Content Acquisition', 'acquisition_specialist', [
    'critical',
    ['mission_planning'],
    'acquisition',
  ]),
  stage('transcription_analysis', 'Transcription Analysis', 'transcription_engineer', [
    'high',
    ['content_acquisition'],
    'transcription',
  ]),
  stage('content_analysis', 'Content Analysis', 'analysis_cartographer', [
    'critical',
    ['transcription_analysis'],
    'analysis',
  ]),
  stage('information_verification', 'Information Verification', 'verification_director', [
    'high',
    ['content_analysis'],
    'verification',
  ]),
  stage('threat_analysis', 'Threat Analysis', 'risk_intelligence_analyst', [
    'high',
    ['content_analysis', 'information_verification'],
    'analysis',
  ]),
  stage('social_intelligence', 'Social Intelligence', 'signal_recon_specialist', [
    'medium',
    ['content_analysis'],
    'analysis',
  ]),
  stage('behavioral_profiling', 'Behavioral Profiling', 'persona_archivist', [
    'medium',
    ['content_analysis', 'threat_analysis'],
    'analysis',
  ]),
  stage('knowledge_integration', 'Knowledge Integration', 'knowledge_integrator', [
    'high',
    ['information_verification', 'threat_analysis', 'behavioral_profiling'],
    'knowledge',
  ]),
  stage('research_synthesis', 'Research Synthesis', 'research_synthesist', [
    'medium',
    ['content_analysis', 'information_verification'],
    'knowledge',
  ]),
  stage('performance_analytics', 'Performance Analytics', 'system_reliability_officer', [
    'low',
    ['content_analysis'],
    'analysis',
  ]),
  stage('intelligence_briefing', 'Intelligence Briefing', 'intelligence_briefing_curator', [
    'high',
    ['knowledge_integration', 'research_synthesis'],
    'knowledge',
  ]),
  stage('quality_assessment', 'Quality Assessment', 'intelligence_briefing_curator', [
    'low',
    ['intelligence_briefing'],
    'verification',
  ]),
  stage('communication_reporting', 'Communication Reporting', 'community_liaison', [
    'medium',
    ['intelligence_briefing'],
    'knowledge',
  ]),
];

/**
 * The stages of a depth: `quick` the critical ones and the transcription, `standard` those that are critical or high (8),
 * `deep` also the medium ones (12), the others all (14).
 */
export function stagesOf(depth: MissionDepth): readonly MissionStage[] {
  return MISSION_STAGES.filter(({ id, priority }) => {
    switch (depth) {
      case 'quick':
        return priority === 'critical' || id === 'transcription_analysis';
      case 'standard':
        return priority === 'critical' || priority === 'high';
      case 'deep':
        return priority !== 'low';
      default:
        return true;
    }
  });
}

/** What a stage needs among those that are done: what is left out is stood for by what that needs itself. */
export function needsWithin(
  stageId: string,
  done: ReadonlySet<string>,
  stages: readonly MissionStage[] = MISSION_STAGES,
): readonly string[] {
  const byId = new Map(stages.map((each) => [each.id, each]));
  const found = new Set<string>();
  const open = [...(byId.get(stageId)?.needs ?? [])];
  const seen = new Set<string>();
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    if (done.has(id)) found.add(id);
    else open.push(...(byId.get(id)?.needs ?? []));
  }
  return stages.map(({ id }) => id).filter((id) => found.has(id));
}
