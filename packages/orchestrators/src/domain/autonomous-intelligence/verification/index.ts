export { checkClaim, checkClaims, type CheckOptions } from './check-claim.js';
export { KnowledgeBase, type RelatedStatement } from './knowledge-base.js';
export { KNOWLEDGE_ERROR_CODES, KnowledgeError, type KnowledgeErrorCode } from './knowledge-error.js';
export {
  EVENT_KINDS,
  OFFICES,
  PARTIES,
  type CountFact,
  type EventFact,
  type EventKind,
  type Knowledge,
  type KnowledgeFact,
  type KnowledgeStatement,
  type Office,
  type OfficeFact,
  type Party,
} from './knowledge-fact.js';
export { loadOfficeHolders } from './office-holders.js';
export { parseKnowledge } from './parse-knowledge.js';
export { MAX_KNOWLEDGE_LENGTH } from './yaml-cursor.js';
export { MAX_CLAIM_LENGTH } from './tokens.js';
