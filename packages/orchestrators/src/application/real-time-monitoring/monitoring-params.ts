import { IsBoolean, IsIn, IsInt, IsOptional, IsString, Length, Matches, Max, Min } from 'class-validator';
import { DEPTHS, type Depth } from '../../domain/autonomous-intelligence/model.js';
import { ITEM_STATUSES, type ItemStatus } from './monitored-item.js';
import { MAX_INTERVAL_MS, MIN_INTERVAL_MS } from './schedule-presets.js';

const NAME = /^[a-z][a-z0-9_]{0,39}$/;

/** Params of `add_source`. */
export class AddSourceParams {
  /** `feed`, `podcast`, `page`, `folder`, or the kind of a bound adapter. */
  @IsString()
  @Matches(NAME)
  kind!: string;

  /** URL, path, or whatever the kind says; 1 to 4096 characters. */
  @IsString()
  @Length(1, 4096)
  target!: string;

  /** Whose schedule it has, and by which it can be changed with others. @default the kind */
  @IsOptional()
  @IsString()
  @Matches(NAME)
  platform?: string;

  /** For people; 1 to 200 characters. @default the target */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  name?: string;

  /** From one check to the next, in ms. @default that of the platform @minimum 10_000 @maximum 604_800_000 */
  @IsOptional()
  @IsInt()
  @Min(MIN_INTERVAL_MS)
  @Max(MAX_INTERVAL_MS)
  intervalMs?: number;

  /** 1 is the most urgent. @default that of the platform @minimum 1 @maximum 9 */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(9)
  priority?: number;

  /** @default true */
  @IsOptional()
  @IsBoolean()
  enabled?: boolean;

  /** Of the analyses. @default that of `analyze` */
  @IsOptional()
  @IsIn(DEPTHS)
  depth?: Depth;

  /** Items taken at the first look, the newest. @default 10 @minimum 0 @maximum 500 */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(500)
  backfill?: number;
}

/** Params of `remove_source` and `check_now`. */
export class SourceRefParams {
  /** As `add_source` gave it. */
  @IsString()
  @Length(1, 64)
  sourceId!: string;
}

/** Params of `update_schedule`: a source or a platform, and what is to change. */
export class UpdateScheduleParams {
  /** One source. Either this or `platform`. */
  @IsOptional()
  @IsString()
  @Length(1, 64)
  sourceId?: string;

  /** All sources of a platform. Either this or `sourceId`. */
  @IsOptional()
  @IsString()
  @Matches(NAME)
  platform?: string;

  /** @minimum 10_000 @maximum 604_800_000 */
  @IsOptional()
  @IsInt()
  @Min(MIN_INTERVAL_MS)
  @Max(MAX_INTERVAL_MS)
  intervalMs?: number;

  @IsOptional()
  @IsBoolean()
  enabled?: boolean;

  /** @minimum 1 @maximum 9 */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(9)
  priority?: number;
}

/** Params of `list_items`. */
export class ListItemsParams {
  /** @default all sources */
  @IsOptional()
  @IsString()
  @Length(1, 64)
  sourceId?: string;

  /** @default all */
  @IsOptional()
  @IsIn(ITEM_STATUSES)
  status?: ItemStatus;

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
}
