import type { OperationsAction, OperationsDecision, OperationsRule } from './operations-rule.js';

const PRIORITIES: Readonly<Record<string, OperationsDecision['priority']>> = {
  info: 'low',
  warning: 'medium',
  error: 'high',
  critical: 'critical',
};

/** Sees the alerts of telemetry that fire and for which there is something to do. */
export function alertRule(actions: Readonly<Record<string, readonly OperationsAction[]>>): OperationsRule {
  const known = new Map(Object.entries(actions));
  return {
    name: 'alert',
    decide: ({ intelligence: { alerts } }) => {
      if (!alerts.known) return undefined;
      return alerts.value.active.flatMap(({ rule, severity, title, description, labels, latest }) => {
        const helpful = known.get(rule);
        if (helpful === undefined) return [];
        const about = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
        return [
          {
            // The alert of the same series, also where it was resolved and fires anew under another id.
            signature: `alert:${rule}${about.length === 0 ? '' : `:${about.sort().join(',')}`}`,
            rule: `alert:${rule}`,
            priority: PRIORITIES[severity] ?? 'medium',
            evidence: [
              `${title === '' ? rule : title}: ${latest} now${about.length === 0 ? '' : `, ${about.join(', ')}`}.`,
              ...(description === '' ? [] : [description]),
            ],
            actions: helpful,
          },
        ];
      });
    },
  };
}
