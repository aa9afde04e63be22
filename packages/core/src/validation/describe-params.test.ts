import 'reflect-metadata';

import { describe, expect, it } from '@jest/globals';
import { Type } from 'class-transformer';
import {
  Allow,
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsDate,
  IsEmail,
  IsEnum,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  Min,
  Validate,
  ValidateNested,
} from 'class-validator';

import { describeParams } from './describe-params.js';
import { Level, ShorterThanAll } from './fixtures/generated-dto.js';

class Line {
  @IsString() @Length(2, 8) sku!: string;
  @IsInt() @Min(1) @Max(99) quantity = 1;
}

class Order {
  @IsUUID() id!: string;
  @IsEmail() email!: string;
  @IsOptional() @IsNumber() @Min(0) discount?: number;
  @IsBoolean() isGift!: boolean;
  @IsIn(['post', 'courier']) carrier!: string;
  @IsEnum(Level) level = Level.LOW;
  @IsArray()
  @ArrayMaxSize(3)
  @ArrayUnique()
  @IsString({ each: true })
  @Matches(/^[a-z]+$/, { each: true })
  tags!: string[];
  @ValidateNested({ each: true }) @Type(() => Line) @IsArray() lines!: Line[];
  @IsOptional() @ValidateNested() first?: Line;
  @IsOptional() @ValidateNested() @Type(() => Order) parent?: Order;
  @IsOptional() @IsDate() due?: Date;
  @Matches(/^x/i) @Validate(ShorterThanAll) code!: string;
  @Allow() note!: string;
}

describe('describeParams', () => {
  it('tells type, bounds, format, default and nesting of each property, and which are required', () => {
    const line = {
      type: 'object',
      title: 'Line',
      properties: {
        sku: { type: 'string', minLength: 2, maxLength: 8, constraints: ['isLength', 'isString'] },
        quantity: {
          type: 'integer',
          minimum: 1,
          maximum: 99,
          default: 1,
          constraints: ['max', 'min', 'isInt'],
        },
      },
      required: ['sku'],
    };
    const schema = describeParams(Order);
    expect(schema).toEqual({
      type: 'object',
      title: 'Order',
      properties: {
        id: { type: 'string', format: 'uuid', constraints: ['isUuid'] },
        email: { type: 'string', format: 'email', constraints: ['isEmail'] },
        discount: { type: 'number', minimum: 0, constraints: ['min', 'isNumber'] },
        isGift: { type: 'boolean', constraints: ['isBoolean'] },
        carrier: { type: 'string', enum: ['post', 'courier'], constraints: ['isIn'] },
        level: { enum: [0, 1], default: 0, constraints: ['isEnum'] },
        tags: {
          type: 'array',
          maxItems: 3,
          uniqueItems: true,
          constraints: ['arrayUnique', 'arrayMaxSize', 'isArray'],
          items: { type: 'string', pattern: '^[a-z]+$', constraints: ['matches', 'isString'] },
        },
        lines: { type: 'array', constraints: ['isArray'], items: line },
        first: line,
        parent: { type: 'object', title: 'Order' },
        due: { type: 'object', format: 'date', constraints: ['isDate'] },
        code: { type: 'string', constraints: ['shorterThanAll', 'matches'] },
        note: { type: 'string' },
      },
      required: ['id', 'email', 'isGift', 'carrier', 'tags', 'lines', 'code'],
    });
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  });

  it('lists the classes of a discriminated type', () => {
    class Cat { @IsString() name!: string } // prettier-ignore
    class Dog { @IsInt() age!: number } // prettier-ignore
    class Owner {
      @ValidateNested()
      @Type(() => Cat, { discriminator: { property: 'kind', subTypes: [{ name: 'dog', value: Dog }] } })
      pet!: Cat | Dog;
    }
    expect(describeParams(Owner).properties['pet']).toMatchObject({
      type: 'object',
      anyOf: [{ title: 'Cat' }, { title: 'Dog' }],
    });
  });

  it('refuses what compileParams refuses', () => {
    class Bare {}
    expect(() => describeParams(Bare)).toThrow(/^Bare has no class-validator decorators/);
  });
});
