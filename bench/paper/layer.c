// A Vulkan layer that lets a program run on a GPU that is not there. Below it is RADV's null device (RADV_FORCE_FAMILY), which compiles for a
// real GPU and has neither memory nor queues. Compute pipelines go through to its compiler, and what that made of each is written to
// the file that PAPER_FILE names at that moment, or to a new one in the folder PAPER_FOLDER; everything else that would need a GPU is a stand-in here.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof *(a))
#define FUNCTION(type, from, handle, name) ((PFN_##type)from(handle, #type))

static PFN_vkGetInstanceProcAddr below_instance;
static PFN_vkGetDeviceProcAddr below_device;
static VkDevice opened;

static PFN_vkVoidFunction of_instance(VkInstance instance, const char *name);
static PFN_vkVoidFunction of_device(VkDevice device, const char *name);

/* The loader hands each layer a link to what is below it, somewhere in the chain of a creation. */
static void *find_link(const void *chain, VkStructureType type) {
  for (const VkLayerInstanceCreateInfo *each = chain; each; each = each->pNext)
    if (each->sType == type && each->function == VK_LAYER_LINK_INFO) return (void *)each;
  return NULL;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo *info, const VkAllocationCallbacks *allocator, VkInstance *instance) {
  VkLayerInstanceCreateInfo *link = find_link(info->pNext, VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO);
  if (!link) return VK_ERROR_INITIALIZATION_FAILED;
  below_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;
  return FUNCTION(vkCreateInstance, below_instance, NULL, vkCreateInstance)(info, allocator, instance);
}

/* Opens the device with the extension that tells what the compiler did. */
static VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice adapter, const VkDeviceCreateInfo *info, const VkAllocationCallbacks *allocator, VkDevice *device) {
  VkLayerDeviceCreateInfo *link = find_link(info->pNext, VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO);
  if (!link) return VK_ERROR_INITIALIZATION_FAILED;
  PFN_vkCreateDevice create = FUNCTION(vkCreateDevice, link->u.pLayerInfo->pfnNextGetInstanceProcAddr, NULL, vkCreateDevice);
  below_device = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;
  VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR feature = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR, .pNext = (void *)info->pNext, .pipelineExecutableInfo = VK_TRUE
  };
  const char *extensions[256];
  uint32_t count = info->enabledExtensionCount;
  if (count + 1 > ARRAY_SIZE(extensions)) return VK_ERROR_INITIALIZATION_FAILED;
  memcpy(extensions, info->ppEnabledExtensionNames, count * sizeof *extensions);
  extensions[count++] = VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME;
  VkDeviceCreateInfo with = *info;
  with.pNext = &feature;
  with.enabledExtensionCount = count;
  with.ppEnabledExtensionNames = extensions;
  VkResult result = create(adapter, &with, allocator, device);
  opened = *device;
  return result;
}

static void write_statistics(FILE *out, VkDevice device, const VkPipelineExecutableInfoKHR *which) {
  VkPipelineExecutableStatisticKHR each[96];
  uint32_t count = ARRAY_SIZE(each);
  memset(each, 0, sizeof each);
  for (uint32_t i = 0; i < count; i++) each[i].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR;
  FUNCTION(vkGetPipelineExecutableStatisticsKHR, below_device, device, vkGetPipelineExecutableStatisticsKHR)(device, which, &count, each);
  fputc('{', out);
  for (uint32_t i = 0; i < count; i++) fprintf(out, "%s\"%s\":%llu", i ? "," : "", each[i].name, (unsigned long long)each[i].value.u64);
  fputs("}\n", out);
}

static void write_representations(FILE *out, VkDevice device, const VkPipelineExecutableInfoKHR *which) {
  PFN_vkGetPipelineExecutableInternalRepresentationsKHR get =
    FUNCTION(vkGetPipelineExecutableInternalRepresentationsKHR, below_device, device, vkGetPipelineExecutableInternalRepresentationsKHR);
  VkPipelineExecutableInternalRepresentationKHR each[16];
  uint32_t count = ARRAY_SIZE(each);
  memset(each, 0, sizeof each);
  for (uint32_t i = 0; i < count; i++) each[i].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INTERNAL_REPRESENTATION_KHR;
  get(device, which, &count, each);
  for (uint32_t i = 0; i < count; i++) each[i].pData = calloc(1, each[i].dataSize + 1);
  get(device, which, &count, each);
  for (uint32_t i = 0; i < count; i++) {
    fprintf(out, "==== %s\n%s\n", each[i].name, (const char *)each[i].pData);
    free(each[i].pData);
  }
}

static void write_pipeline(VkDevice device, VkPipeline pipeline) {
  static int serial;
  char path[1024];
  const char *file = getenv("PAPER_FILE"), *folder = getenv("PAPER_FOLDER");
  if (file && *file) snprintf(path, sizeof path, "%s", file);
  else if (folder && *folder) snprintf(path, sizeof path, "%s/%04d.txt", folder, serial++);
  else return;
  FILE *out = fopen(path, "w");
  if (!out) return;
  VkPipelineExecutableInfoKHR which = { .sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, .pipeline = pipeline };
  write_statistics(out, device, &which);
  write_representations(out, device, &which);
  fclose(out);
}

static VKAPI_ATTR VkResult VKAPI_CALL create_compute_pipelines(VkDevice device, VkPipelineCache cache, uint32_t count, const VkComputePipelineCreateInfo *infos, const VkAllocationCallbacks *allocator, VkPipeline *pipelines) {
  (void)cache;
  PFN_vkCreateComputePipelines create = FUNCTION(vkCreateComputePipelines, below_device, device, vkCreateComputePipelines);
  for (uint32_t i = 0; i < count; i++) {
    VkComputePipelineCreateInfo info = infos[i];
    info.flags |= VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR | VK_PIPELINE_CREATE_CAPTURE_INTERNAL_REPRESENTATIONS_BIT_KHR;
    VkResult result = create(device, VK_NULL_HANDLE, 1, &info, allocator, &pipelines[i]);
    if (result != VK_SUCCESS) return result;
    write_pipeline(device, pipelines[i]);
  }
  return VK_SUCCESS;
}

/* Memory of the host, made when somebody looks at it: most of a model is never looked at. */
struct block { VkDeviceSize size; char *bytes; };

static VKAPI_ATTR VkResult VKAPI_CALL allocate_memory(VkDevice device, const VkMemoryAllocateInfo *info, const VkAllocationCallbacks *allocator, VkDeviceMemory *memory) {
  (void)device, (void)allocator;
  struct block *block = calloc(1, sizeof *block);
  if (!block) return VK_ERROR_OUT_OF_HOST_MEMORY;
  block->size = info->allocationSize;
  *memory = (VkDeviceMemory)(uintptr_t)block;
  return VK_SUCCESS;
}
static VKAPI_ATTR void VKAPI_CALL free_memory(VkDevice device, VkDeviceMemory memory, const VkAllocationCallbacks *allocator) {
  (void)device, (void)allocator;
  struct block *block = (struct block *)(uintptr_t)memory;
  if (block) free(block->bytes);
  free(block);
}
static VKAPI_ATTR VkResult VKAPI_CALL map_memory(VkDevice device, VkDeviceMemory memory, VkDeviceSize offset, VkDeviceSize size, VkMemoryMapFlags flags, void **data) {
  (void)device, (void)size, (void)flags;
  struct block *block = (struct block *)(uintptr_t)memory;
  if (!block->bytes) block->bytes = calloc(1, block->size);
  if (!block->bytes) return VK_ERROR_OUT_OF_HOST_MEMORY;
  *data = block->bytes + offset;
  return VK_SUCCESS;
}

/* One heap with one kind of memory, which everything fits. */
static VKAPI_ATTR void VKAPI_CALL memory_properties(VkPhysicalDevice adapter, VkPhysicalDeviceMemoryProperties *out) {
  (void)adapter;
  const VkMemoryPropertyFlags all = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT | VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
  *out = (VkPhysicalDeviceMemoryProperties){
    .memoryTypeCount = 1, .memoryTypes = { { .propertyFlags = all } }, .memoryHeapCount = 1, .memoryHeaps = { { 32ull << 30, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT } }
  };
}
static VKAPI_ATTR void VKAPI_CALL memory_properties2(VkPhysicalDevice adapter, VkPhysicalDeviceMemoryProperties2 *out) {
  memory_properties(adapter, &out->memoryProperties);
}
static void any_memory(VkMemoryRequirements *out) {
  out->memoryTypeBits = 1;
  if (out->alignment == 0) out->alignment = 256;
}
static VKAPI_ATTR void VKAPI_CALL buffer_requirements(VkDevice device, VkBuffer buffer, VkMemoryRequirements *out) {
  FUNCTION(vkGetBufferMemoryRequirements, below_device, device, vkGetBufferMemoryRequirements)(device, buffer, out);
  any_memory(out);
}
static VKAPI_ATTR void VKAPI_CALL buffer_requirements2(VkDevice device, const VkBufferMemoryRequirementsInfo2 *info, VkMemoryRequirements2 *out) {
  FUNCTION(vkGetBufferMemoryRequirements2, below_device, device, vkGetBufferMemoryRequirements2)(device, info, out);
  any_memory(&out->memoryRequirements);
}

/* Fences and semaphores are numbers, and what they wait for has happened. */
static VKAPI_ATTR VkResult VKAPI_CALL create_sync(VkDevice device, const void *info, const VkAllocationCallbacks *allocator, uint64_t *handle) {
  (void)device, (void)info, (void)allocator;
  static uint64_t last = 1 << 16;
  *handle = ++last;
  return VK_SUCCESS;
}
static VKAPI_ATTR VkResult VKAPI_CALL fence_file(VkDevice device, const VkFenceGetFdInfoKHR *info, int *file) {
  (void)device, (void)info;
  *file = -1;
  return VK_SUCCESS;
}
static VkResult succeed(void) { return VK_SUCCESS; }
static void ignore(void) {}

struct entry { const char *name; void *function; };

static const struct entry INSTANCE[] = {
  { "vkGetInstanceProcAddr", of_instance },
  { "vkGetDeviceProcAddr", of_device },
  { "vkCreateInstance", create_instance },
  { "vkCreateDevice", create_device },
  { "vkGetPhysicalDeviceMemoryProperties", memory_properties },
  { "vkGetPhysicalDeviceMemoryProperties2", memory_properties2 },
  { "vkGetPhysicalDeviceMemoryProperties2KHR", memory_properties2 },
};

static const struct entry DEVICE[] = {
  { "vkGetDeviceProcAddr", of_device },
  { "vkCreateComputePipelines", create_compute_pipelines },
  { "vkAllocateMemory", allocate_memory },
  { "vkFreeMemory", free_memory },
  { "vkMapMemory", map_memory },
  { "vkUnmapMemory", ignore },
  { "vkFlushMappedMemoryRanges", succeed },
  { "vkInvalidateMappedMemoryRanges", succeed },
  { "vkGetBufferMemoryRequirements", buffer_requirements },
  { "vkGetBufferMemoryRequirements2", buffer_requirements2 },
  { "vkGetBufferMemoryRequirements2KHR", buffer_requirements2 },
  { "vkBindBufferMemory", succeed },
  { "vkBindBufferMemory2", succeed },
  { "vkBindBufferMemory2KHR", succeed },
  { "vkUpdateDescriptorSets", ignore },
  { "vkUpdateDescriptorSetWithTemplate", ignore },
  { "vkUpdateDescriptorSetWithTemplateKHR", ignore },
  { "vkCreateFence", create_sync },
  { "vkDestroyFence", ignore },
  { "vkResetFences", succeed },
  { "vkGetFenceStatus", succeed },
  { "vkWaitForFences", succeed },
  { "vkGetFenceFdKHR", fence_file },
  { "vkCreateSemaphore", create_sync },
  { "vkDestroySemaphore", ignore },
  { "vkBeginCommandBuffer", succeed },
  { "vkEndCommandBuffer", succeed },
  { "vkResetCommandBuffer", succeed },
  { "vkResetCommandPool", succeed },
  { "vkQueueSubmit", succeed },
  { "vkQueueSubmit2", succeed },
  { "vkQueueSubmit2KHR", succeed },
  { "vkQueueWaitIdle", succeed },
  { "vkDeviceWaitIdle", succeed },
};

static void *own(const struct entry *table, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(table[i].name, name) == 0) return table[i].function;
  return NULL;
}

/* What the driver does not have, this layer does not have either. */
static PFN_vkVoidFunction of_device(VkDevice device, const char *name) {
  PFN_vkVoidFunction driver = below_device ? below_device(device, name) : NULL;
  void *mine = own(DEVICE, ARRAY_SIZE(DEVICE), name);
  if (!driver) return NULL;
  if (!mine && strncmp(name, "vkCmd", 5) == 0) return (PFN_vkVoidFunction)ignore;
  return mine ? (PFN_vkVoidFunction)mine : driver;
}
static PFN_vkVoidFunction of_instance(VkInstance instance, const char *name) {
  void *mine = own(INSTANCE, ARRAY_SIZE(INSTANCE), name);
  if (mine) return (PFN_vkVoidFunction)mine;
  if (opened && own(DEVICE, ARRAY_SIZE(DEVICE), name)) return of_device(opened, name);
  return below_instance ? below_instance(instance, name) : NULL;
}

VKAPI_ATTR VkResult VKAPI_CALL vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *interface) {
  interface->loaderLayerInterfaceVersion = 2;
  interface->pfnGetInstanceProcAddr = of_instance;
  interface->pfnGetDeviceProcAddr = of_device;
  interface->pfnGetPhysicalDeviceProcAddr = NULL;
  return VK_SUCCESS;
}
