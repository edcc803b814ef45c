"""A device that holds the CPU's numbers apart, so that mixing devices fails on machines without a GPU too.

Tensors on it are wrapped tensors of the CPU. As with a GPU, an operation of tensors on two devices is refused, but for
single numbers and indices on the CPU, and no array of numpy can be made of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from unittest.mock import patch

import torch
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map_only

PRETENDED = torch.device("lazy", 0)  # a kind of device that torch knows and autograd treats as it treats the CPU
_MOVING = (torch.ops.aten.copy_.default, torch.ops.aten._to_copy.default)
_INDEXING = (torch.ops.aten.index.Tensor, torch.ops.aten.index_put.default, torch.ops.aten.index_put_.default)
_INDEXING += (torch.ops.aten._index_put_impl_.default, torch.ops.aten._unsafe_index.Tensor)


class OnPretendedGpu(torch.Tensor):
    """A tensor of the CPU that answers with another device."""

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> "OnPretendedGpu":
        made = torch.Tensor._make_wrapper_subclass(
            cls, held.size(), held.stride(), held.storage_offset(), dtype=held.dtype, dispatch_device=True
        )
        made.held = held
        return made

    @classmethod
    def __torch_function__(cls, function, types, arguments=(), options=None):
        with torch._C.DisableTorchFunctionSubclass(), _PretendedGpuMode():  # what it makes within itself goes there too
            return function(*arguments, **(options or {}))

    @classmethod
    def __torch_dispatch__(cls, function, types, arguments=(), options=None):
        return _computed(function, arguments, options or {})

    def __repr__(self, **_):
        return f"OnPretendedGpu({self.held})"

    def __deepcopy__(self, memo):
        copied = OnPretendedGpu(self.held.clone())
        copied = torch.nn.Parameter(copied, self.requires_grad) if isinstance(self, torch.nn.Parameter) else copied
        memo[id(self)] = copied
        return copied

    def __getitem__(self, key):
        return super().__getitem__(_with_tensors(key))

    def __setitem__(self, key, value):
        super().__setitem__(_with_tensors(key), value)

    def __reduce_ex__(self, protocol):
        return self.held.__reduce_ex__(protocol)

    def numpy(self, **_):
        raise TypeError("a tensor on a GPU cannot be converted to an array")

    __array__ = numpy

    def tolist(self):
        return self.cpu().tolist()


class _PretendedGpuMode(TorchDispatchMode):
    """Makes tensors on the device where they are asked for there."""

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        return _computed(function, arguments, options or {})


def _computed(function, arguments, options):
    """What an operation returns, on the device on which it computes."""
    if function is torch.ops.prim.device.default:
        return PRETENDED
    given = [leaf for leaf in tree_leaves((arguments, options)) if isinstance(leaf, torch.Tensor)]
    there = [isinstance(tensor, OnPretendedGpu) for tensor in given]
    if any(there) and function not in _MOVING:
        elsewhere = [tensor for tensor, yes in zip(given, there, strict=True) if not yes and tensor.dim()]
        allowed = function in _INDEXING and isinstance(arguments[0], OnPretendedGpu)
        if elsewhere and not (allowed and all(_is_index(tensor) for tensor in elsewhere)):
            raise RuntimeError(
                f"{function} of tensors on a GPU and on the CPU {[tuple(one.shape) for one in elsewhere]}"
            )
    asked = options.get("device")
    on_gpu = isinstance(arguments[0], OnPretendedGpu) if function in _MOVING else any(there)
    if asked is not None:
        on_gpu = torch.device(asked).type == PRETENDED.type
        options = options | {"device": torch.device("cpu")}
    inner_arguments, inner_options = tree_map_only(OnPretendedGpu, lambda one: one.held, (arguments, options))
    result = function(*inner_arguments, **inner_options)
    if not on_gpu:
        return result
    wrapped = tree_map_only(torch.Tensor, OnPretendedGpu, result)
    return return_and_correct_aliasing(function, arguments, options, wrapped)


def _with_tensors(key):
    """An index whose sequences, of which torch would make tensors on the device, are tensors on the CPU."""
    if isinstance(key, list):
        return torch.tensor(key)
    if isinstance(key, tuple):
        return tuple(torch.tensor(part) if isinstance(part, list | tuple) else part for part in key)
    return key


def _is_index(tensor: torch.Tensor) -> bool:
    return tensor.dtype in (torch.long, torch.int, torch.bool)


def _of_data(make):
    """A function of torch that makes a tensor of data, which it cannot on a pretended device."""

    def made(*arguments, device=None, **options):
        made = make(*arguments, **options)
        return made if device is None else made.to(device)

    return made


def _placed(make):
    """A function of torch that makes a tensor, or moves one, on the device where it is asked for."""

    def placed(*arguments, **options):
        if not any(_is_there(one) for one in (options.get("device"), *arguments[1:2])):
            return make(*arguments, **options)
        with _PretendedGpuMode():
            return make(*arguments, **options)

    return placed


def _is_there(asked):
    """Whether an argument asks for the pretended device, by its name or by a tensor on it."""
    if isinstance(asked, str | torch.device):
        return torch.device(asked).type == PRETENDED.type
    return isinstance(asked, OnPretendedGpu)


def _new_tensor(like, data, **options):
    """`Tensor.new_tensor`, which is `torch.tensor` on the device of another tensor."""
    return torch.tensor(data, **{"dtype": like.dtype, "device": like.device, **options})


_MAKERS = ("arange", "empty", "eye", "full", "linspace", "ones", "rand", "randint", "randn", "zeros")
_REPLACED = {name: _placed(getattr(torch, name)) for name in _MAKERS}
_REPLACED |= {name: _of_data(getattr(torch, name)) for name in ("tensor", "as_tensor")}
_REPLACED["autocast"] = lambda *_, **__: nullcontext()


@contextmanager
def pretended_gpu() -> Iterator[torch.device]:
    """The device, while this context lasts."""
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)  # the weights of a module become other objects
    methods = {"to": _placed(torch.Tensor.to), "new_tensor": _new_tensor}
    try:
        with patch.multiple(torch, **_REPLACED), patch.multiple(torch.Tensor, **methods):
            yield PRETENDED
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(before)
