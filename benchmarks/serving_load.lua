-- Questions for wrk: customers, products, carts of three, orders of two, by their shares among a hundred; JSON at the end.
-- wrk -s serving_load.lua URL -- CUSTOMERS PRODUCTS 85,10,4,1

local customers, products, upto = 1, 1, {}

function init(args)
  customers, products = tonumber(args[1]), tonumber(args[2])
  local total = 0
  for share in string.gmatch(args[3], "%d+") do
    total = total + tonumber(share)
    upto[#upto + 1] = total
  end
  math.randomseed(42)
end

local function product()
  return string.format("p%05d", math.random(0, products - 1))
end

function request()
  local turn = math.random(1, upto[#upto])
  local who = string.format("c%07d", math.random(0, customers - 1))
  local asked
  if turn <= upto[1] then
    asked = "customer_id=" .. who
  elseif turn <= upto[2] then
    asked = "context=product&product_ids=" .. product()
  elseif turn <= upto[3] then
    asked = "context=cart&product_ids=" .. product() .. "," .. product() .. "," .. product() .. "&customer_id=" .. who
  else
    asked = "context=order_confirmation&product_ids=" .. product() .. "," .. product() .. "&customer_id=" .. who
  end
  return wrk.format("GET", "/v1/recommendations?" .. asked)
end

function done(summary, latency, requests)
  local failed = summary.errors
  print(string.format(
    '{"requests": %d, "seconds": %f, "errors": %d, "p50": %f, "p99": %f, "p99.9": %f}',
    summary.requests, summary.duration / 1e6,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency:percentile(99.9) / 1e3))
end
