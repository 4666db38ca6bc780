/** FileDescriptorSet in protobuf's JSON form, as far as the interface is concerned. */
export interface DescriptorSet {
  file: FileDescriptor[];
}

interface FileDescriptor extends Container {
  name: string;
  package: string;
  options?: { csharpNamespace?: string; javaPackage?: string };
  messageType?: MessageDescriptor[];
  service?: { name: string; method: MethodDescriptor[] }[];
}

interface Container {
  enumType?: { name: string; value: { name: string; number?: number }[] }[];
}

interface MessageDescriptor extends Container {
  name: string;
  field?: FieldDescriptor[];
  oneofDecl?: { name: string }[];
  nestedType?: MessageDescriptor[];
  options?: { mapEntry?: boolean };
}

interface FieldDescriptor {
  name: string;
  number: number;
  label: string;
  type: string;
  typeName?: string;
  oneofIndex?: number;
  proto3Optional?: boolean;
  options?: unknown;
}

interface MethodDescriptor {
  name: string;
  inputType: string;
  outputType: string;
  clientStreaming?: boolean;
  serverStreaming?: boolean;
  options?: { deprecated?: boolean };
}

type Rows = Record<string, string>;

/**
 * An interface as flat rows, from full name to all that counts on the wire or in generated code.
 * Two interfaces are the same when their tables are equal, whatever the order of declaration.
 */
export interface InterfaceTable {
  files: Rows;
  services: Rows;
  rpcs: Rows;
  messages: Rows;
  fields: Rows;
  enums: Rows;
  values: Rows;
}

export function toInterfaceTable({ file }: DescriptorSet): InterfaceTable {
  const table: InterfaceTable = {
    files: {},
    services: {},
    rpcs: {},
    messages: {},
    fields: {},
    enums: {},
    values: {},
  };
  for (const { name, package: scope, options, messageType, enumType, service } of file) {
    table.files[name] = `${scope} ${options?.csharpNamespace} ${options?.javaPackage}`;
    addEnums(table, scope, enumType);
    for (const message of messageType ?? []) addMessage(table, scope, message);
    for (const { name: serviceName, method } of service ?? []) {
      table.services[`${scope}.${serviceName}`] = namesOf(method);
      for (const rpc of method) {
        table.rpcs[`${scope}.${serviceName}/${rpc.name}`] = describeMethod(rpc);
      }
    }
  }
  return table;
}

function addMessage(table: InterfaceTable, scope: string, message: MessageDescriptor) {
  const fullName = `${scope}.${message.name}`;
  // A map field is a repeated field of an entry message that exists in descriptors only. Its key
  // and value are told by the field's row, so that counts are those of the source text.
  const entries = (message.nestedType ?? []).filter(({ options }) => options?.mapEntry);
  table.messages[fullName] = namesOf(message.field);
  for (const field of message.field ?? []) {
    const entry = entries.find(({ name }) => field.typeName === `.${fullName}.${name}`);
    table.fields[`${fullName}.${field.name}`] = [
      field.number,
      describeField(field),
      entry && `map<${entry.field?.map(describeField).join()}>`,
      field.oneofIndex !== undefined && `{${message.oneofDecl?.[field.oneofIndex]?.name}}`,
    ]
      .filter(Boolean)
      .join(" ");
  }
  addEnums(table, fullName, message.enumType);
  for (const nested of message.nestedType ?? []) {
    if (!entries.includes(nested)) addMessage(table, fullName, nested);
  }
}

function addEnums(table: InterfaceTable, scope: string, enums: Container["enumType"] = []) {
  for (const { name, value } of enums) {
    table.enums[`${scope}.${name}`] = namesOf(value);
    for (const each of value) table.values[`${scope}.${name}.${each.name}`] = String(each.number);
  }
}

const namesOf = (members: readonly { name: string }[] = []) =>
  members
    .map(({ name }) => name)
    .toSorted()
    .join();

function describeField({
  label,
  type,
  typeName,
  proto3Optional,
  options,
}: FieldDescriptor): string {
  const extras = [proto3Optional && "optional keyword", options && JSON.stringify(options)];
  return [label, type, typeName, ...extras].filter(Boolean).join(" ");
}

function describeMethod(method: MethodDescriptor): string {
  const request = `${method.clientStreaming ? "stream " : ""}${method.inputType}`;
  const response = `${method.serverStreaming ? "stream " : ""}${method.outputType}`;
  return `${request} -> ${response}${method.options?.deprecated ? " deprecated" : ""}`;
}
