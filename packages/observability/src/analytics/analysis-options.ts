import { LONGEST_MS } from '../option-checks.js';
import type { AnalysisOptions } from './analysis.js';
import { AnalyticsOptionError } from './analytics-error.js';
import { metricChecks as check } from './metric-checks.js';

/** More points than any window holds. */
const MOST_POINTS = 10_000_000;

/**
 * Checks every option of every analysis, so that a mistake is told when the analytics are made and not by their first report.
 *
 * @throws {@link AnalyticsOptionError} naming the option, or both where two contradict each other
 */
export function checkAnalysisOptions(options: AnalysisOptions): AnalysisOptions {
  check.object('analysis', options);
  const group = <K extends keyof AnalysisOptions>(name: K, act: (given: Given<K>) => void): void => {
    const given = options[name];
    if (given !== undefined) act(check.object(name, given));
  };
  group('trend', ({ method = 'least-squares', minPoints = 10, confidence = 0.95, minChangeRatio = 0 }) => {
    check.oneOf('trend.method', method, ['least-squares', 'theil-sen']);
    check.whole('trend.minPoints', minPoints, 4, MOST_POINTS);
    check.number('trend.confidence', confidence, 0.5, 0.9999);
    check.number('trend.minChangeRatio', minChangeRatio, 0, 1e6);
  });
  group(
    'anomalies',
    ({ sensitivity = 3.5, minBaseline = 20, baselinePoints = 60, seasonSlots = 24, bands }) => {
      check.number('anomalies.sensitivity', sensitivity, 0.1, 1e6);
      check.whole('anomalies.minBaseline', minBaseline, 5, MOST_POINTS);
      check.whole('anomalies.baselinePoints', baselinePoints, 5, MOST_POINTS);
      check.order(['anomalies.minBaseline', minBaseline], ['anomalies.baselinePoints', baselinePoints]);
      check.whole('anomalies.seasonSlots', seasonSlots, 2, MOST_POINTS);
      if (bands === undefined) return;
      const { medium, high, critical } = check.object('anomalies.bands', bands);
      steps('anomalies.bands', { medium, high, critical });
    },
  );
  group(
    'forecast',
    ({ method = 'damped', horizon = 5, minPoints = 15, lastPoints = 300, confidence = 0.95 }) => {
      check.oneOf('forecast.method', method, ['damped', 'linear']);
      check.whole('forecast.horizon', horizon, 1, 10_000);
      check.whole('forecast.minPoints', minPoints, 10, MOST_POINTS);
      check.whole('forecast.lastPoints', lastPoints, 10, MOST_POINTS);
      check.order(['forecast.minPoints', minPoints], ['forecast.lastPoints', lastPoints]);
      check.number('forecast.confidence', confidence, 0.5, 0.9999);
    },
  );
  group('changes', ({ threshold = 10, shift = 1, warmUp = 20 }) => {
    check.number('changes.threshold', threshold, 1, 1e6);
    check.number('changes.shift', shift, 0.1, 1e6);
    check.whole('changes.warmUp', warmUp, 5, MOST_POINTS);
  });
  group('drift', ({ minPoints = 50, minDistance = 0.15, significance = 0.05 }) => {
    check.whole('drift.minPoints', minPoints, 20, MOST_POINTS);
    check.number('drift.minDistance', minDistance, 0, 1);
    check.number('drift.significance', significance, 0, 1);
  });
  group('capacity', ({ minPoints = 20, confidence = 0.95, maxWindowsAhead = 3 }) => {
    check.whole('capacity.minPoints', minPoints, 5, MOST_POINTS);
    check.number('capacity.confidence', confidence, 0.5, 0.9999);
    check.number('capacity.maxWindowsAhead', maxWindowsAhead, 0.1, LONGEST_MS);
  });
  group('warnings', ({ fall, rise, load = 0.7 }) => {
    check.number('warnings.load', load, 0, 1);
    for (const [name, shares] of Object.entries({ fall, rise })) {
      if (shares === undefined) continue;
      const { warning, critical } = check.object(`warnings.${name}`, shares);
      steps(`warnings.${name}`, { warning, critical });
    }
  });
  group('healthWeights', ({ trend, anomaly, performance, stability }) => {
    const weights = { trend, anomaly, performance, stability };
    let sum = 0;
    for (const [name, weight] of Object.entries(weights)) {
      sum += check.number(`healthWeights.${name}`, weight, 0, 1e6);
    }
    if (sum === 0) {
      throw new AnalyticsOptionError(
        'Every one of healthWeights is 0.',
        'Give one of them at least a weight.',
      );
    }
  });
  return options;
}

/** @throws {@link AnalyticsOptionError} for an analysis that needs more points than are kept: it would never say anything. */
export function checkWindow(windowPoints: number, { anomalies, ...others }: AnalysisOptions): void {
  const kept = ['windowPoints', windowPoints] as const;
  const { trend, forecast, drift, capacity } = others;
  for (const [name, group] of Object.entries({ trend, forecast, drift, capacity })) {
    if (group?.minPoints !== undefined) check.order([`${name}.minPoints`, group.minPoints], kept);
  }
  const baseline = anomalies?.minBaseline;
  if (baseline !== undefined) check.order(['anomalies.minBaseline', baseline], kept);
}

type Given<K extends keyof AnalysisOptions> = NonNullable<AnalysisOptions[K]>;

/** Numbers from 0, none below the one before. */
function steps(group: string, values: Readonly<Record<string, number>>): void {
  let before: readonly [string, number] | undefined;
  for (const [name, value] of Object.entries(values)) {
    const option = [`${group}.${name}`, check.number(`${group}.${name}`, value, 0, 1e6)] as const;
    if (before !== undefined) check.order(before, option);
    before = option;
  }
}
