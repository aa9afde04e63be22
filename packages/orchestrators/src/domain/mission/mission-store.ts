import { StateError, type StateRecord, type StateStore } from '../../state/index.js';
import { MissionError } from './mission-error.js';
import type { MissionSettings } from './mission-options.js';
import { isMissionOver, type Mission, type MissionRecord, readMission } from './mission-record.js';

const MISSIONS = 'mission.missions';
const OUTPUTS = 'mission.outputs';
const PAGE = 500;

/** Missions, and what their stages gave, in the store of state. */
export class MissionStore {
  readonly #state: StateStore;
  readonly #maxMissions: number;
  /** The version of a record when it was read or written here. */
  readonly #versions = new WeakMap<MissionRecord, number>();

  constructor(state: StateStore, { maxMissions }: Pick<MissionSettings, 'maxMissions'>) {
    this.#state = state;
    this.#maxMissions = maxMissions;
  }

  /** @throws MissionError `MISSION_UNKNOWN`, `MISSION_UNREADABLE` */
  async get(tenantId: string, missionId: string): Promise<MissionRecord> {
    const record = await this.#state.get({ tenantId, collection: MISSIONS, key: missionId });
    if (record === undefined) {
      throw new MissionError(
        'MISSION_UNKNOWN',
        `There is no mission "${missionId}". List the missions to see their ids.`,
      );
    }
    return this.#read(record);
  }

  async put(tenantId: string, record: MissionRecord): Promise<void> {
    const at = { tenantId, collection: MISSIONS, key: record.missionId };
    this.#versions.set(record, (await this.#state.put(at, record)).version);
  }

  /**
   * Stores a mission that is to be run, unless somebody else has changed it since it was read.
   *
   * @throws MissionError `MISSION_RUNNING`
   */
  async claim(tenantId: string, record: MissionRecord): Promise<void> {
    const { missionId } = record;
    const at = { tenantId, collection: MISSIONS, key: missionId };
    try {
      const { version } = await this.#state.put(at, record, { ifVersion: this.#versions.get(record) ?? 0 });
      this.#versions.set(record, version);
    } catch (cause) {
      if (!(cause instanceof StateError) || cause.code !== 'STATE_CONFLICT') throw cause;
      const what = `The mission "${missionId}" was begun or changed by another process just now. Get it to see how it goes.`;
      throw new MissionError('MISSION_RUNNING', what);
    }
  }

  async putOutputs(tenantId: string, missionId: string, outputs: Mission['outputs']): Promise<void> {
    await this.#state.put({ tenantId, collection: OUTPUTS, key: missionId }, { outputs });
  }

  async outputs(tenantId: string, missionId: string): Promise<Mission['outputs']> {
    const at = { tenantId, collection: OUTPUTS, key: missionId };
    const record = await this.#state.get<{ readonly outputs?: Mission['outputs'] }>(at);
    return record?.value.outputs ?? {};
  }

  /** The readable ones of the tenant, the newest first. */
  async list(tenantId: string): Promise<MissionRecord[]> {
    const missions: MissionRecord[] = [];
    let after: string | undefined;
    for (;;) {
      const page = await this.#state.list(
        { tenantId, collection: MISSIONS },
        after === undefined ? { limit: PAGE } : { limit: PAGE, after },
      );
      for (const record of page) {
        try {
          missions.push(this.#read(record));
        } catch {
          // One that another version wrote is shown by get, which says so.
        }
      }
      after = page.at(-1)?.key;
      if (page.length < PAGE) break;
    }
    return missions.sort((a, b) => b.createdAt - a.createdAt || (a.missionId < b.missionId ? 1 : -1));
  }

  /**
   * Makes room for one more: the oldest that are over are forgotten, then the oldest that were never run.
   *
   * @throws MissionError `MISSION_STORE_FULL` where all of them are running
   */
  async makeRoom(tenantId: string): Promise<void> {
    const missions = (await this.list(tenantId)).reverse();
    const excess = missions.length + 1 - this.#maxMissions;
    if (excess <= 0) return;
    const forgettable = [
      ...missions.filter(({ status }) => isMissionOver(status)),
      ...missions.filter(({ status }) => status === 'planned'),
    ];
    if (forgettable.length < excess) {
      throw new MissionError(
        'MISSION_STORE_FULL',
        `${this.#maxMissions} missions are kept per tenant, and all of them are running. Wait for one, cancel one, or raise maxMissions.`,
      );
    }
    for (const { missionId } of forgettable.slice(0, excess)) {
      await this.#state.delete({ tenantId, collection: OUTPUTS, key: missionId });
      await this.#state.delete({ tenantId, collection: MISSIONS, key: missionId });
    }
  }

  #read({ key, value, version }: StateRecord): MissionRecord {
    const mission = readMission(key, value);
    this.#versions.set(mission, version);
    return mission;
  }
}
