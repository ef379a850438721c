"""Machine instructions that Numba does not offer by itself: bits of int64 masks, unchecked access, prefetching."""

from __future__ import annotations

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic


@intrinsic
def lowest_bit(typing_context, mask):
    """Place of the lowest set bit of an int64; undefined for 0."""

    def emit(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), emit


@intrinsic
def highest_bit(typing_context, mask):
    """Place of the highest set bit of an int64; undefined for 0."""

    def emit(context, builder, signature, arguments):
        zeros = builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 1))
        return builder.sub(ir.Constant(ir.IntType(64), 63), zeros)

    return types.int64(types.int64), emit


@intrinsic
def count_bits(typing_context, mask):
    """Number of set bits of an int64."""

    def emit(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.int64(types.int64), emit


@intrinsic
def get(typing_context, array, place):
    """``array[place]`` of a contiguous array for a place known to be in it: no test for negative places."""

    def emit(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.load(builder.gep(data, [arguments[1]], inbounds=True))

    return array.dtype(array, types.int64), emit


@intrinsic
def put(typing_context, array, place, value):
    """``array[place] = value`` of a contiguous array for a place known to be in it: no test for negative places."""

    def emit(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        converted = context.cast(builder, arguments[2], signature.args[2], signature.args[0].dtype)
        builder.store(converted, builder.gep(data, [arguments[1]], inbounds=True))
        return context.get_dummy_value()

    return types.void(array, types.int64, value), emit


@intrinsic
def prefetch(typing_context, array, place):
    """Ask for the cache line of ``array[place]``, which is read soon; any place is allowed."""

    def emit(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(8).as_pointer())  # one type for arrays of any
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [address.type, number, number, number])
        ask = builder.module.globals.get("llvm.prefetch.p0") or ir.Function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(ask, [address, number(0), number(3), number(1)])  # to read, into all caches, data
        return context.get_dummy_value()

    return types.void(array, types.int64), emit
