"""Prints the descriptors inside the published Python package, as a FileDescriptorSet in JSON."""

import importlib
import pkgutil

import armonik.protogen
from google.protobuf import descriptor_pb2, json_format

descriptors = descriptor_pb2.FileDescriptorSet()
for module in pkgutil.walk_packages(armonik.protogen.__path__, "armonik.protogen."):
    if module.name.endswith("_pb2"):
        importlib.import_module(module.name).DESCRIPTOR.CopyToProto(descriptors.file.add())
print(json_format.MessageToJson(descriptors, indent=None))
