-- How Argo CD shows CryptoSenseEnvironments, CryptoSenseBackups and CryptoSenseRestores. Installed by the command in
-- docs/gitops.md. Argo CD gives it the resource as obj and no string functions.
local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local function is(type, value)
  return conditions[type] ~= nil and conditions[type].status == value
end

local function because(health, type)
  return { status = health, message = conditions[type] and conditions[type].message or "" }
end

if status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "The operator has not looked at the newest spec yet." }
end
if is("Stalled", "True") then
  return because("Degraded", "Stalled")
end
if obj.kind ~= "CryptoSenseEnvironment" then
  return because(is("Completed", "True") and "Healthy" or "Progressing", "Completed")
end
if is("Reconciling", "True") then
  return because("Progressing", "Reconciling")
end
-- What serves is not what Git asks for, and stays so until somebody acts.
if is("RolledBack", "True") then
  return because("Degraded", "RolledBack")
end
if not is("Ready", "True") then
  return because("Degraded", "Ready")
end
if is("Paused", "True") then
  return because("Suspended", "Paused")
end
return because("Healthy", "Ready")
