import type { ActionRecord } from './book-draft.js';

/** What the audit trail is told of an action. */
export interface AuditNote {
  readonly actor: string;
  readonly action: string;
  readonly resource: string;
  readonly decision: 'allow' | 'monitor' | 'alert' | 'block';
  readonly reason: string;
}

const DECISIONS: Readonly<Record<ActionRecord['state'], AuditNote['decision']>> = {
  proposed: 'alert',
  running: 'allow',
  done: 'allow',
  failed: 'alert',
  verified: 'monitor',
  not_verified: 'alert',
  withdrawn: 'monitor',
  rejected: 'block',
};

const OUTCOMES: Partial<Record<ActionRecord['state'], string>> = {
  verified: 'The trouble is over.',
  not_verified: 'The trouble is still there.',
  withdrawn: 'The trouble was over before anybody agreed.',
};

/** A line for what became of an action; `reason` where the state does not say it all. */
export function auditNote({ action, signature, state }: ActionRecord, reason?: string): AuditNote {
  const said = reason ?? OUTCOMES[state] ?? '';
  return {
    actor: 'production_operations',
    action: `${action.name}:${state}`.slice(0, 200),
    resource: signature.slice(0, 500),
    decision: DECISIONS[state],
    reason: (said === '' ? state : said).slice(0, 1_000),
  };
}
