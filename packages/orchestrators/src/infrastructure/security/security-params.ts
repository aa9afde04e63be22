import { AUDIT_DECISIONS } from './audit/audit-trail.js';
import { THREAT_LEVELS, type ThreatLevel } from './threat-book.js';
import { ArrayMaxSize, IsArray, IsIn, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';

/** Params of `analyze_request`. */
export class AnalyzeRequestParams {
  /** What was sent: `{ name, kind?, value }` each, 500 at most. */
  @IsArray()
  @ArrayMaxSize(500)
  fields!: unknown[];

  /** Where it came from: an address or a user. Without it nothing is counted or blocked. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  source?: string;

  /** Bytes of the whole request. */
  @IsOptional()
  @IsInt()
  @Min(0)
  bytes?: number;
}

/** Params of operations about one source. */
export class SourceParams {
  @IsString()
  @Length(1, 200)
  source!: string;
}

/** Params of `record_auth_failure`. */
export class AuthFailureParams extends SourceParams {
  @IsOptional()
  @IsString()
  @Length(1, 200)
  user?: string;
}

/** Params of `block_source`. */
export class BlockSourceParams extends SourceParams {
  /** @default 'asked for' */
  @IsOptional()
  @IsString()
  @Length(1, 500)
  reason?: string;
}

/** Params of `scan_folder`. */
export class ScanFolderParams {
  @IsString()
  @Length(1, 4_096)
  folder!: string;
}

/** Params of `resolve_threat`. */
export class ThreatParams {
  @IsString()
  @Length(1, 100)
  id!: string;
}

/** Params of `record_audit`. */
export class RecordAuditParams {
  @IsString()
  @Length(1, 200)
  actor!: string;

  @IsString()
  @Length(1, 200)
  action!: string;

  @IsString()
  @Length(1, 500)
  resource!: string;

  @IsIn(AUDIT_DECISIONS)
  decision!: (typeof AUDIT_DECISIONS)[number];

  @IsString()
  @Length(1, 1_000)
  reason!: string;

  /** How bad it is; of an event that is no trouble nothing. */
  @IsOptional()
  @IsIn(THREAT_LEVELS)
  severity?: ThreatLevel;
}

/** Params of `read_audit`. */
export class ReadAuditParams {
  /** Lines after this sequence number. @default 0 */
  @IsOptional()
  @IsInt()
  @Min(0)
  after?: number;

  /** @default 100 */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000)
  limit?: number;
}
