import type { AgentExperiment, AgentRecord, AgentVersion } from './agent-record.js';
import { splitExamples } from './held-back.js';
import { type AgentTargets, performanceOf } from './interactions.js';

/** What is known of an agent, as Markdown for people. */
export function trainingReport(record: AgentRecord, targets: AgentTargets, heldBackShare: number): string {
  const { training, heldBack } = splitExamples(record.examples, heldBackShare);
  const performance = performanceOf(record.interactions, targets);
  const { measured } = performance;
  return [
    `# Agent ${inline(record.name)}`,
    '',
    `Version ${record.current} of ${record.versions.length} kept. ${training.length} examples to learn from, ${heldBack.length} kept back.`,
    '',
    '## Versions',
    '',
    '| Version | When | Why |',
    '| --- | --- | --- |',
    ...record.versions.map((each) => `| ${each.version} | ${date(each.at)} | ${whyOf(each)} |`),
    '',
    '## Changes that were tried',
    '',
    ...(record.experiments.length === 0
      ? ['None.']
      : [
          '| When | Change | Before | After | Difference | Decision |',
          '| --- | --- | --- | --- | --- | --- |',
          ...record.experiments.map(experimentRow),
        ]),
    '',
    '## In use',
    '',
    ...(measured === undefined
      ? ['No interaction was recorded.']
      : [
          `${performance.interactions} ${performance.interactions === 1 ? 'interaction' : 'interactions'}, quality ${performance.trend.replace('_', ' ')}.`,
          '',
          '| Measure | Seen | Wanted |',
          '| --- | --- | --- |',
          `| Quality | ${measured.quality.toFixed(3)} | ≥ ${targets.quality} |`,
          `| Quality per tool | ${measured.toolEfficiency.toFixed(3)} | ≥ ${targets.toolEfficiency} |`,
          `| Successes | ${percent(measured.success)} | ≥ ${percent(targets.success)} |`,
          `| Without failure | ${percent(measured.reliability)} | ≥ ${percent(targets.reliability)} |`,
          `| Response time | ${Math.round(measured.responseTimeMs)} ms | ≤ ${targets.responseTimeMs} ms |`,
        ]),
    '',
  ].join('\n');
}

function experimentRow({ at, change, comparison, decision }: AgentExperiment): string {
  const cells =
    comparison === undefined
      ? ['', '', '']
      : [
          comparison.before.toFixed(3),
          comparison.after.toFixed(3),
          `${signed(comparison.difference)} (${signed(comparison.interval[0])} to ${signed(comparison.interval[1])}, n = ${comparison.n})`,
        ];
  return `| ${date(at)} | ${inline(change)} | ${cells.join(' | ')} | ${decision} |`;
}

function whyOf({ why }: AgentVersion): string {
  switch (why.kind) {
    case 'registered':
      return 'registered';
    case 'enhanced':
      return `experiment ${why.experiment} measured better`;
    case 'reverted':
      return `back to version ${why.to}: ${inline(why.reason)}`;
  }
}

function inline(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[|`*_<>[\]\\]/g, '\\$&');
}

function date(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}

function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}
