import 'reflect-metadata';
import { IsBoolean, IsIn, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';

/** Five simple fields, the same for every library that validates. */
export class OrderDto {}
const decorate = (decorators, property) => {
  for (const decorator of decorators) decorator(OrderDto.prototype, property);
};
decorate([IsString(), Length(3, 40)], 'sku');
decorate([IsInt(), Min(1), Max(1_000)], 'quantity');
decorate([IsBoolean()], 'express');
decorate([IsIn(['eu', 'us', 'asia'])], 'region');
decorate([IsOptional(), IsString()], 'note');
