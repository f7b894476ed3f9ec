import protobuf from 'protobufjs';
import { z } from 'zod';

/**
 * The part of ONNX's file format that is written here, with its official field numbers.
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
const SCHEMA = `
syntax = "proto2";
package onnx;
message AttributeProto {
  optional string name = 1; optional float f = 2; optional int64 i = 3; optional GraphProto g = 6; repeated int64 ints = 8;
  optional int32 type = 20;
}
message NodeProto {
  repeated string input = 1; repeated string output = 2; optional string name = 3; optional string op_type = 4;
  repeated AttributeProto attribute = 5; optional string domain = 7;
}
message TensorProto { repeated int64 dims = 1; optional int32 data_type = 2; optional string name = 8; optional bytes raw_data = 9; }
message TensorShapeProto { message Dimension { optional int64 dim_value = 1; optional string dim_param = 2; } repeated Dimension dim = 1; }
message TypeProto { message Tensor { optional int32 elem_type = 1; optional TensorShapeProto shape = 2; } optional Tensor tensor_type = 1; }
message ValueInfoProto { optional string name = 1; optional TypeProto type = 2; }
message GraphProto {
  repeated NodeProto node = 1; optional string name = 2; repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
}
message OperatorSetIdProto { optional string domain = 1; optional int64 version = 2; }
message ModelProto {
  optional int64 ir_version = 1; optional string producer_name = 2; optional GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
}`;

const graphOfArrays = z.object({
  // Whole numbers of 64 bits: plain ones, or objects of the package `long`.
  initializer: z.array(z.object({ name: z.string(), dims: z.array(z.unknown()) })),
});

const modelProto = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('onnx.ModelProto');

/** ONNX's numbers for the types of elements that are used. */
export const ELEMENT_TYPE = { float: 1, int64: 7, bool: 9 } as const;
export type ElementType = keyof typeof ELEMENT_TYPE;

/** Encodes a ModelProto given as a plain object with the field names of the schema. */
export function encodeModelProto(model: object): Uint8Array {
  return modelProto.encode(modelProto.create(model)).finish();
}

/**
 * The sizes of the arrays that a model's graph itself has, by their names; their values stay where they are. Throws an
 * `Error` for bytes that are no ModelProto.
 */
export function initializerShapes(onnx: Uint8Array): Map<string, number[]> {
  const model = z.object({ graph: graphOfArrays }).parse(modelProto.decode(onnx));
  return new Map(model.graph.initializer.map(({ name, dims }) => [name, dims.map(Number)]));
}
