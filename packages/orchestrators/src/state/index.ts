export { BoundedStateStore, stateStoreFor, STORE_TIMEOUT_MS } from './bounded-state-store.js';
export { FileStateStore, type FileStateStoreOptions } from './file-state-store.js';
export { MemoryStateStore } from './memory-state-store.js';
export { StateError, type StateErrorCode } from './state-error.js';
export { DEFAULT_LIST_LIMIT, MAX_LIST_LIMIT, MAX_VALUE_LENGTH, stateRules } from './state-limits.js';
export {
  type ListOptions,
  type PutOptions,
  SHARED_TENANT,
  STATE_STORE,
  type StateCollection,
  type StateKey,
  type StateRecord,
  type StateStore,
} from './state-store.js';
export { STATE_STORE_CHECKS, type StateStoreCheck, type StateStorePlace } from './state-store-checks.js';
