import { TELEMETRY_KINDS, TELEMETRY_SCOPES, TELEMETRY_SEVERITIES } from '@kapelle/observability';
import { IsBoolean, IsIn, IsNumber, IsObject, IsOptional, IsString, Length, Max, Min } from 'class-validator';

/** Params of `define_metric`. */
export class DefineMetricParams {
  @IsString()
  @Length(1, 128)
  name!: string;

  @IsIn(TELEMETRY_KINDS)
  kind!: (typeof TELEMETRY_KINDS)[number];

  /** @default 'application' */
  @IsOptional()
  @IsIn(TELEMETRY_SCOPES)
  scope?: (typeof TELEMETRY_SCOPES)[number];

  /** Such as `ms`, `%`, `MiB`, `B/s`. @default '1', of a timer 'ms' */
  @IsOptional()
  @IsString()
  @Length(1, 16)
  unit?: string;
}

/** Params of `record_metric`. */
export class RecordMetricParams {
  /** Of a metric that was defined. */
  @IsString()
  @Length(1, 128)
  name!: string;

  /** In the unit of the metric; of a counter how much it grew. */
  @IsNumber()
  value!: number;

  @IsOptional()
  @IsObject()
  labels?: Record<string, string>;
}

/** Params of `start_span`. */
export class StartSpanParams {
  @IsString()
  @Length(1, 200)
  operationName!: string;

  /** The span it belongs to; it has that one's trace. */
  @IsOptional()
  @IsString()
  @Length(1, 64)
  parentId?: string;

  @IsOptional()
  @IsObject()
  tags?: Record<string, string>;
}

/** Params of `add_span_log`. */
export class SpanLogParams {
  @IsString()
  @Length(1, 64)
  spanId!: string;

  @IsString()
  @Length(1, 2_000)
  message!: string;
}

/** Params of `finish_span`. */
export class FinishSpanParams {
  @IsString()
  @Length(1, 64)
  spanId!: string;

  /** @default 'ok' */
  @IsOptional()
  @IsIn(['ok', 'error'])
  status?: 'ok' | 'error';
}

/** Params of `add_alert_rule`. */
export class AddAlertRuleParams {
  @IsString()
  @Length(1, 128)
  id!: string;

  /** Such as `p95(call_duration[5m]) > 1s for 2m`. */
  @IsString()
  @Length(1, 4_000)
  when!: string;

  /** @default 'warning' */
  @IsOptional()
  @IsIn(TELEMETRY_SEVERITIES)
  severity?: (typeof TELEMETRY_SEVERITIES)[number];

  @IsOptional()
  @IsString()
  @Length(1, 200)
  title?: string;

  @IsOptional()
  @IsString()
  @Length(1, 2_000)
  description?: string;

  /** @default 900_000 */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(2_592_000_000)
  cooldownMs?: number;

  /** @default 0 */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(2_592_000_000)
  keepFiringMs?: number;

  /** @default true */
  @IsOptional()
  @IsBoolean()
  enabled?: boolean;
}

/** Params of operations about one rule or alert. */
export class TelemetryIdParams {
  @IsString()
  @Length(1, 200)
  id!: string;
}

/** Params of `get_metrics_summary`. */
export class SummaryParams {
  /** Of the last minutes, 1 to 1,440. @default 60 */
  @IsOptional()
  @IsNumber()
  @Min(1)
  @Max(1_440)
  minutes?: number;
}
