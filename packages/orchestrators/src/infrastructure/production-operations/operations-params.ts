import { IsIn, IsOptional, IsString, Length } from 'class-validator';
import { AUTOMATION_LEVELS } from './approval.js';

/** Params of `approve_action` and `reject_action`. */
export class ActionParams {
  @IsString()
  @Length(1, 100)
  id!: string;
}

/** Params of `set_automation`. */
export class AutomationParams {
  @IsIn(AUTOMATION_LEVELS)
  level!: (typeof AUTOMATION_LEVELS)[number];
}

/** Params of `start_maintenance`. */
export class MaintenanceParams {
  /** @default 'asked for' */
  @IsOptional()
  @IsString()
  @Length(1, 500)
  reason?: string;
}
