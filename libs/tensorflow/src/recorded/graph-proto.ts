import protobuf from 'protobufjs';

/**
 * The part of TensorFlow's protocol buffers that a recorded graph needs (tensorflow/core/framework/graph.proto,
 * node_def.proto, attr_value.proto, tensor.proto; tensorflow/core/protobuf/meta_graph.proto, saved_model.proto).
 * Enumerations are written as their numbers, which is the same on the wire.
 */
const schema = `
syntax = "proto3";
message Dim { int64 size = 1; }
message Shape { repeated Dim dim = 2; }
message TensorProto { int32 dtype = 1; Shape tensor_shape = 2; bytes tensor_content = 4; }
message ListValue { repeated bytes s = 2; repeated int64 i = 3; repeated float f = 4; repeated bool b = 5; repeated int32 type = 6; }
message AttrValue {
  oneof value { ListValue list = 1; bytes s = 2; int64 i = 3; float f = 4; bool b = 5; int32 type = 6; Shape shape = 7; TensorProto tensor = 8; }
}
message NodeDef { string name = 1; string op = 2; repeated string input = 3; map<string, AttrValue> attr = 5; }
message VersionDef { int32 producer = 1; int32 min_consumer = 2; }
message GraphDef { repeated NodeDef node = 1; VersionDef versions = 4; }
message MetaInfoDef { repeated string tags = 4; }
message MetaGraphDef { MetaInfoDef meta_info_def = 1; GraphDef graph_def = 2; }
message SavedModel { int64 saved_model_schema_version = 1; repeated MetaGraphDef meta_graphs = 2; }`;

const { root } = protobuf.parse(schema, { keepCase: true });
const GraphDef = root.lookupType('GraphDef');
const SavedModel = root.lookupType('SavedModel');

export interface ShapeProto {
  readonly dim: readonly { readonly size: number }[];
}

/** The value of a node's attribute: one field is set, which one says its kind. */
export interface AttrValue {
  readonly s?: Uint8Array;
  readonly i?: number;
  readonly f?: number;
  readonly b?: boolean;
  /** A number of TensorFlow's enumeration DataType. */
  readonly type?: number;
  readonly shape?: ShapeProto;
  /** A constant's content: row-major, little-endian bytes. */
  readonly tensor?: { readonly dtype: number; readonly tensor_shape: ShapeProto; readonly tensor_content: Uint8Array };
  readonly list?: {
    readonly s?: readonly Uint8Array[];
    readonly i?: readonly number[];
    readonly f?: readonly number[];
    readonly b?: readonly boolean[];
    readonly type?: readonly number[];
  };
}

/** One node of a graph. An input is `node` or `node:output`, and a control edge `^node`; control edges come last. */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, AttrValue>>;
}

/** What a SavedModel's only graph is tagged with; the loader asks for it. */
export const savedModelTag = 'serve';

/** The graph version that TensorFlow 2.12 wrote; a newer library keeps its promises to it, an older one would refuse it. */
const versions = { producer: 1395, min_consumer: 12 };

/** The bytes of a GraphDef. The same nodes in the same order give the same bytes. */
export function encodeGraph(nodes: readonly NodeDef[]): Uint8Array {
  return GraphDef.encode({ node: nodes, versions }).finish();
}

/** The bytes of a `saved_model.pb` that holds one graph and nothing else: no signatures, no variables' values. */
export function encodeSavedModel(nodes: readonly NodeDef[]): Uint8Array {
  return SavedModel.encode({
    saved_model_schema_version: 1,
    meta_graphs: [{ meta_info_def: { tags: [savedModelTag] }, graph_def: { node: nodes, versions } }],
  }).finish();
}

export function shapeProto(shape: readonly number[]): ShapeProto {
  return { dim: shape.map((size) => ({ size })) };
}

/** A string attribute's bytes. */
export function stringAttr(value: string): AttrValue {
  return { s: new TextEncoder().encode(value) };
}
