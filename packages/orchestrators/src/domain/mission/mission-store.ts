import type { StateStore } from '../../state/index.js';
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
    return readMission(missionId, record.value);
  }

  async put(tenantId: string, record: MissionRecord): Promise<void> {
    await this.#state.put({ tenantId, collection: MISSIONS, key: record.missionId }, record);
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
      for (const { key, value } of page) {
        try {
          missions.push(readMission(key, value));
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
}
