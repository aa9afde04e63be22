import { IsIn, IsInt, IsNumber, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { MISSION_STATUSES, type MissionStatus } from './mission-record.js';

/** Params of `plan`. */
export class PlanMissionParams {
  /** Path or URL, 1 to 4096 characters. It or `description` is needed. */
  @IsOptional()
  @IsString()
  @Length(1, 4_096)
  uri?: string;

  /** What it is about, in words; 1 to 10,000 characters. */
  @IsOptional()
  @IsString()
  @Length(1, 10_000)
  description?: string;

  /** By its beginning: `quick`, `standard`, `deep`, `comp…`, `exp…`. @default 'standard' */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  depth?: string;

  /** What it may cost at most, in US dollars. @default what the plan says */
  @IsOptional()
  @IsNumber({ allowInfinity: false, allowNaN: false })
  @Min(0)
  @Max(1_000_000)
  budgetUsd?: number;

  /** How long it may take at most, in minutes of execution. @default without a limit */
  @IsOptional()
  @IsNumber({ allowInfinity: false, allowNaN: false })
  @Min(0)
  @Max(1_440)
  maxMinutes?: number;
}

/** Params of `run`: those of `plan`, or the id of a mission that is planned. */
export class RunMissionParams extends PlanMissionParams {
  /** Runs this one, or goes on with it. Nothing else may be given beside it. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  missionId?: string;
}

/** Params of `get`. */
export class GetMissionParams {
  @IsString()
  @Length(1, 200)
  missionId!: string;
}

/** Params of `cancel`. */
export class CancelMissionParams extends GetMissionParams {
  /** Kept with the mission. */
  @IsOptional()
  @IsString()
  @Length(1, 1_000)
  reason?: string;
}

/** Params of `list`. */
export class ListMissionsParams {
  /** @default 50 @minimum 1 @maximum 500 */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;

  /** How many of the newest to pass over. @default 0 */
  @IsOptional()
  @IsInt()
  @Min(0)
  offset?: number;

  /** Only those. */
  @IsOptional()
  @IsIn(MISSION_STATUSES)
  status?: MissionStatus;
}
