export { MemoryStateStore } from './memory-state-store.js';
export { StateError, type StateErrorCode } from './state-error.js';
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
