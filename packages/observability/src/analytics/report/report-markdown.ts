import type { Alert } from '../alert-book.js';
import { markdown, numberText, percentText, timeText } from './format.js';
import type { AnalyticsReport } from './report.js';
import { factsOf, trendText, warningText } from './sentences.js';

/** The report as GitHub-flavoured Markdown. */
export function reportToMarkdown(report: AnalyticsReport): string {
  const { health, metrics, recommendations, activeAlerts, alertHistory, stats } = report;
  const score =
    health === undefined
      ? 'There is not enough data for a health score.'
      : `Health **${numberText(health.score * 100)} of 100**, ${health.band}, over ${numberText(health.series)} series.`;
  const lines = [
    '# Performance report',
    '',
    `${timeText(report.generatedAt)}. ${score} ${numberText(stats.observed)} observations.`,
    '',
    '## Alerts',
    '',
    ...(activeAlerts.length === 0 ? ['None is firing.'] : activeAlerts.map(alertLine)),
    ...(alertHistory.length === 0 ? [] : ['', `${numberText(alertHistory.length)} resolved earlier.`]),
    '',
    '## Recommendations',
    '',
    ...(recommendations.length === 0
      ? ['None: nothing in the data asks for one.']
      : recommendations.map(({ priority, text }) => `- **${priority}**: ${markdown(text)}`)),
    '',
    '## Metrics',
    '',
    ...(metrics.length === 0
      ? ['Nothing has been observed.']
      : [
          '| Series | Health | Latest | p95 | Trend |',
          '| --- | --- | --- | --- | --- |',
          ...metrics.map((each) =>
            [
              '',
              ` ${markdown(each.label)} `,
              ` ${each.health === undefined ? '' : percentText(each.health.score)} `,
              ` ${each.latest === undefined ? '' : numberText(each.latest)} ${markdown(each.metric.unit)} `,
              ` ${each.quantiles === undefined ? '' : numberText(each.quantiles.p95)} `,
              ` ${markdown(trendText(each))} `,
              '',
            ].join('|'),
          ),
        ]),
  ];
  for (const each of metrics) {
    lines.push('', `### ${markdown(each.label)}`, '');
    lines.push(
      ...each.warnings.map((warning) => `- **${warning.severity}**: ${markdown(warningText(warning, each))}`),
    );
    lines.push(...factsOf(each).map(([name, text]) => `- ${name}: ${markdown(text)}`));
  }
  return `${lines.join('\n')}\n`;
}

function alertLine(alert: Alert): string {
  const again = alert.occurrences > 1 ? `, opened ${numberText(alert.occurrences)} times` : '';
  return `- **${alert.severity}**: ${markdown(alert.label)} at ${numberText(alert.value)}, threshold ${numberText(alert.threshold)}, worst ${numberText(alert.worst)}, since ${timeText(alert.firedAt)}${again}`;
}
