"""Files under 10 MB that ask a reader for time, memory, stack or code."""

import copy
import io
import pickle
import struct
import zipfile
from collections.abc import Mapping

CODE_RAN = "BIGE-FUZZ-CODE-RAN"  # what the pickles that carry code would have printed by a shell
_MANY = 2_000_000


class _Code:
    def __reduce__(self) -> tuple[object, ...]:
        import os

        return os.system, (f"echo {CODE_RAN}",)


def text_bombs() -> list[bytes]:
    """Of any text format."""
    return [
        b"",
        b"\0" * 1000,
        b"\n" * 9_000_000,
        b"a" * 9_000_000,
        b"0 " * 4_000_000,
        b"1\n" * 4_000_000,
        "ÿþ recording".encode("utf-16"),
        b"\xff\xfe\xfa" * 1000,
        b"\xef\xbb\xbf" * 1000,
        b"(" * 1_000_000,
        b"time\t" + b"x\t" * _MANY,
        b"endheader\n" * 500_000,
    ]


def motion_bombs(valid: bytes) -> list[bytes]:
    """Of .mot files: many columns, many rows, odd numbers."""
    head, _, rows = valid.partition(b"endheader\n")
    names, _, rows = rows.partition(b"\n")
    row = rows.split(b"\n")[0]
    columns = b"version=1\nendheader\ntime\t" + b"\t".join(b"c%d" % i for i in range(80_000)) + b"\n"
    wide = b"version=1\nendheader\n" + names + b"\t" + b"\t".join(b"c%d" % i for i in range(9_000)) + b"\n"
    tall = b"version=1\nendheader\ntime\ta\n"
    cells = len(row.split())
    return [
        columns,
        columns + b"0 " * 80_001,
        wide + (row + b"\t0" * 9_000 + b"\n") * 300,
        tall + b"".join(b"%d 1\n" % i for i in range(900_000)),
        tall + b"1 1\n" * 2_400_000,
        valid.replace(row, row + b" +nan", 1),
        valid.replace(b"0", "\u0660".encode(), 30),
        head
        + b"endheader\n"
        + names
        + b"\n"
        + b"".join(b"%d" % i + b" +nan" * (cells - 1) + b"\n" for i in range(5000)),
        head
        + b"endheader\n"
        + names
        + b"\n"
        + b"".join(b"%d" % i + b" 1e-300" * (cells - 1) + b"\n" for i in range(9000)),
        head
        + b"endheader\n"
        + names
        + b"\n"
        + b"".join(b"%d" % i + b" 0" * (cells - 1) + b"\n" for i in range(60_000)),
        b"a" * 5_000_000 + b"=" + b"b" * 100 + valid,
    ]


def model_bombs(valid: bytes) -> list[bytes]:
    """Of .osim files: nesting, entities, many parts, what only one of two parsers sees."""
    head, tail = b'<OpenSimDocument Version="40000">', b"</OpenSimDocument>"
    entities = b"<!DOCTYPE a [<!ENTITY a0 'ha'>" + b"".join(
        b"<!ENTITY a%d '&a%d;&a%d;'>" % (i, i - 1, i - 1) for i in range(1, 40)
    )
    part = b'<Marker name="m%d"><location>0 0 0</location></Marker>'
    spline = b"<SimmSpline><x>0 1</x><y>0 1</y></SimmSpline>"
    return [
        head + b"<a>" * 100_000 + b"</a>" * 100_000 + tail,
        b"<a>" * 1_000_000,
        b'<?xml version="1.0"?>' + entities + b"]><OpenSimDocument>&a39;</OpenSimDocument>",
        b"<?x > " + b"<a>" * 100_000 + b"?>" + valid,
        valid.replace(b"<Model", b"<![CDATA[<a>]]><Model", 1),
        valid.replace(b"</Model>", b"".join(part % i for i in range(100_000)) + b"</Model>", 1),
        valid.replace(b"<Model ", b"<Model " + b" ".join(b'a%d="1"' % i for i in range(200_000)) + b" ", 1),
        valid.replace(b"<Constant", spline + b"<Constant", 1),
        valid.replace(b"<function>", b"<function>" + spline),
        valid.replace(b"<x>", b"<x>" + b"1 " * 1_000_000),
        valid.replace(b"<coefficients>", b"<coefficients>1 " * 1000),
        valid.replace(b"</Model>", b"<Model>" + valid[:100] + b"</Model></Model>"),
        valid.replace(b"/bodyset/pelvis", b"/bodyset/" + b"pelvis" * 100_000),
        valid.replace(b"ground", b"pelvis"),
        valid.replace(b"<mass>", b"<mass>nan "),
        valid.replace(b"<mass>", b"<mass>-"),
        valid.replace(b"hip_flexion_r", b"hip_flexion_l"),
        b"\0".join([valid, valid]),
        valid.decode().encode("utf-16"),
    ]


def mesh_bombs() -> list[bytes]:
    """Of .vtp, .ply, .stl and .obj files."""
    ply = b"ply\nformat %s 1.0\nelement vertex %d\nproperty float x\nproperty float y\nproperty float z\n"
    faces = b"element face %d\nproperty list uchar int vertex_indices\nend_header\n"
    vtp = (
        b'<VTKFile type="PolyData" version="0.1" byte_order="LittleEndian"><PolyData><Piece NumberOfPoints="%d" '
        b'NumberOfVerts="0" NumberOfLines="0" NumberOfStrips="0" NumberOfPolys="%d"><Points><DataArray type="Float32" '
        b'NumberOfComponents="%d" format="ascii">0 0 0 1 0 0 0 1 0</DataArray></Points><Polys><DataArray type="Int32" '
        b'Name="connectivity" format="ascii">%s</DataArray><DataArray type="Int32" Name="offsets" format="ascii">%s'
        b"</DataArray></Polys></Piece></PolyData></VTKFile>"
    )
    return [
        (ply + faces) % (b"ascii", 3, 1) + b"0 0 0 1 0 0 0 1 0 3 0 1 999999999",
        (ply + faces) % (b"ascii", 2_000_000_000, 2_000_000_000),
        (ply + faces) % (b"binary_little_endian", 3, 1) + b"\xff" * 60,
        (ply + faces) % (b"ascii", -1, -1),
        bytes(80) + struct.pack("<I", 2**32 - 1) + bytes(500),
        b"solid a\n" + b"facet normal 0 0 1\nouter loop\n" * 200_000,
        b"v 0 0 0\n" * 3 + b"f 1 2 99999999\n",
        b"v 0 0 0\n" * 3 + b"f -99 -98 -97\n" * 10,
        b"f 1 2 3\n" * 1_000_000,
        b"v nan inf 0\n" * 3 + b"f 1 2 3\n",
        vtp % (3, 1, 3, b"0 1 2", b"3"),
        vtp % (3, 1, 3, b"0 1 99999999", b"3"),
        vtp % (3, 1, 3, b"0 1 2", b"999999999"),
        vtp % (2_000_000_000, 2_000_000_000, 3, b"0", b"1"),
        vtp % (3, 1, 1, b"-5 -6 -7", b"-3"),
        b"<VTKFile>" + b"<a>" * 300_000,
        vtp % (3, 0, 3, b"", b""),
    ]


def _npy(shape: object, dtype: str, values: bytes = b"") -> bytes:
    header = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + values


def pickles() -> list[bytes]:
    """Pickles that ask for memory, time, stack or code."""
    twice = b"\x80\x02)" + b"".join(b"q%ch%c\x86" % (i, i) for i in range(200)) + b"."
    lists = b"\x80\x02]" + b"".join(b"q%c](h%ch%ce" % (i, i, i) for i in range(200)) + b"."
    return [
        pickle.dumps(_Code()),
        pickle.dumps({"motion": _Code()}),
        b"cos\nsystem\n(S'echo %s'\ntR." % CODE_RAN.encode(),
        b"\x80\x02r\xff\xff\xff\x7f.",
        b"\x80\x02Nr\xff\xff\xff\x7f.",
        b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7f.",
        twice,
        twice[:-1] + b"}" + b"q\xff0" + twice[2:-1] + b"h\xff\x86.",
        lists,
        b"\x80\x02)" + b"\x85" * 1_000_000 + b".",
        b"\x80\x02}q\x00(" + twice[2:-1] + b"K\x01u.",
        b"\x80\x02" + b"(" * 3_000_000,
        b"\x80\x02" + b"]" * 3_000_000 + b".",
        b"\x80\x02cbuiltins\nbytearray\n\x8a\x05\x00\x00\x00\x00\x02\x85R.",
        b"\x80\x02" + b"K\x010" * 2_000_000 + b"N.",
    ]


def array_bombs() -> list[bytes]:
    """Of .npy files."""
    headers = [
        _npy((10**12, 33), "'<f8'"),
        _npy((-1, 33), "'<f8'"),
        _npy((2**62, 2**62), "'<f8'"),
        _npy((0, 33), "'<f8'"),
        _npy((10, 33), "'<f8'", bytes(2639)),
        _npy((10, 33), "'V1000000000'"),
        _npy("(" * 900, "'<f8'"),
        _npy("9" * 5000, "'<f8'"),
        _npy((10, 33), "'<M8[s]'", bytes(2640)),
        _npy((10, 33), "'<c16'", bytes(5280)),
        _npy((1, 33), "[('a', '<f8')]", bytes(264)),
        _npy((10, 33), "'<U1000000'", bytes(100)),
        _npy((300, 33), "'<f8'", b"\xff" * 79200),
        _npy((37000, 33), "'<f8'", bytes(9_768_000)),
        _npy((9000, 4, 33), "'<f8'", bytes(9_504_000)),
        _npy((1, 37000, 33), "'<f8'", bytes(9_768_000)),
        _npy("True, 33", "'<f8'"),
    ]
    return headers + [_npy("()", "'|O'") + program for program in pickles()]


def _zip(parts: Mapping[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", kind) as archive:
        for name, values in parts.items():
            archive.writestr(name, values)
    return target.getvalue()


def archive_bombs(names: tuple[str, ...]) -> list[bytes]:
    """Of .npz files whose arrays have these names."""
    zeros = _npy((40_000_000,), "'<f4'", bytes(160_000_000))
    fits = _npy((7_000_000, 1), "'<f8'", bytes(56_000_000))
    many = _zip({f"{i}.npy": b"" for i in range(50_000)}, zipfile.ZIP_STORED)
    wrong = {name: _npy((0,), "'<f8'") for name in names}
    texts = {f"{name}.npy": _npy((2,), "'<U3'", "abcdef".encode("utf-32-le")) for name in names}
    return [
        _zip({f"{names[0]}.npy": zeros}),
        _zip({f"{name}.npy": zeros for name in names[:3]}),
        _zip({f"{names[0]}.npy": fits}),
        many,
        _zip({}),
        _zip(texts),
        _zip({f"{name}.npy": one for name, one in wrong.items()}),
        *(_zip({f"{name}.npy": bomb for name in names}) for bomb in array_bombs()[:12]),
        *(_zip({f"{name}.npy": _npy("()", "'|O'") + program for name in names}) for program in pickles()[:6]),
    ]


def checkpoint_bombs() -> list[bytes]:
    """Of .pth files."""
    storage = b"\x80\x02}X\x03\x00\x00\x00netctorch._utils\n_rebuild_tensor_v2\n"
    storage += b"((X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
    storage += b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpu%stQK\x00(%stK\x01\x85\x89ccollections\nOrderedDict\n)RtRs."
    large, small = b"\x8a\x05\x00\x00\x00\x00\x02", b"K\x04"
    programs = [storage % (large, large), storage % (small, large), storage % (large, small), *pickles()]
    parts = [{"a/data.pkl": one, "a/data/0": bytes(16), "a/version": b"3\n"} for one in programs]
    packed = _zip({"a/data.pkl": storage % (large, large), "a/data/0": bytes(1 << 28), "a/version": b"3\n"})
    return [*(_zip(one, zipfile.ZIP_STORED) for one in parts), packed, _overlapping_checkpoint(), *pickles()]


def _overlapping_checkpoint() -> bytes:
    """A .pth file of 8 MB with 150 tensors of 8 MB, whose entries of the archive all lead to the same bytes."""
    tensor = (
        b"X\x04\x00\x00\x00w%03dctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
    )
    tensor += b"X\x03\x00\x00\x00%03dX\x03\x00\x00\x00cpuJ\x80\x84\x1e\x00tQK\x00(J\x80\x84\x1e\x00tK\x01\x85\x89"
    tensor += b"ccollections\nOrderedDict\n)RtRs"
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a/data.pkl", b"\x80\x02}" + b"".join(tensor % (i, i) for i in range(150)) + b".")
        archive.writestr("a/version", b"3\n")
        archive.writestr("a/data/000", bytes(8_000_000))
        for i in range(1, 150):
            entry = copy.copy(archive.getinfo("a/data/000"))
            entry.filename = f"a/data/{i:03d}"
            archive.filelist.append(entry)
    return target.getvalue()


def yaml_bombs() -> list[bytes]:
    """Of YAML files."""
    aliases = b"a0: &a0 [x]\n" + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (i, i, i - 1, i - 1) for i in range(1, 60))
    return [
        aliases,
        b"[" * 60_000,
        b"{a: " * 20_000,
        b"- " * 30_000 + b"a",
        b"? " * 30_000,
        b"a: &a [*a]",
        b"'" * 60_000,
        b"constraints: [" + b"1:" * 30_000 + b"1]",
        b"constraints: [" + b"9" * 60_000 + b"]",
        b"- 0x" + b"f" * 60_000,
        b"{" + b",".join(b"k%d: 1" % i for i in range(8000)) + b"}",
        b"- " + b"1_" * 30_000,
        b"a: 2001-99-99",
        b"? [a, b]\n: c",
        b"!!python/object/apply:os.system ['echo %s']" % CODE_RAN.encode(),
        b"- !!binary /w==",
        b"- !!timestamp x",
        b"<<: [1]",
        b"%YAML 9.9\n---\n- a",
        b"--- a\n--- b",
        b"- \x85\xc2\x85",
        b"a:\tb",
        b"- !!set {a: 1}",
        b"- .inf\n- .nan\n- 1e999",
        b"#" + b" " * 60_000 + b"x",
        b" " * 60_000,
        b"- |\n" + b" \n" * 30_000,
        b"- -" + b"9" * 4000 + b".5e5",
    ]


def json_bombs() -> list[bytes]:
    """Of JSON files."""
    return [
        b"[" * 1_000_000,
        b'{"a":' * 500_000,
        b"9" * 5000,
        b"[" + b"9" * 4000 + b"]",
        b"[" + b"[]," * 2_500_000 + b"0]",
        b"NaN",
        b"[" + b'{"":0},' * 1_200_000 + b"0]",
        b'{"constraints": [true, null, 1e999, NaN, {}, []]}',
        b'"\\ud800"',
        b'{"a":1,"a":2}',
        b'{"format": "bige-guidance-1"}',
        b'{"subject": ["a"], "low": true, "high": "1", "muscle": {}, "data_root": 5}',
        b'{"subject": "\\u0000", "model": "\\u0000", "data_root": "\\u0000"}',
        b'{"subject": "' + b"a" * 100_000 + b'"}',
        b'{"subject": "/dev/stdin", "data_root": "/dev/zero"}',
        b'{"total_iter": 1e308, "weights": [], "subject": 1}',
    ]
