/** 编辑器的全部中文文本,键与 `en.ts` 相同。 */

import type { TextKey } from "./en";

export const zh: Readonly<Record<TextKey, string>> = {
  "app.loading": "正在启动…",
  "app.unreachable": "服务器没有响应,正在重试…",
  "app.untitled": "未命名",
  "app.tabs": "打开的工作流",
  "app.levels": "子图层级",
  "app.unsaved": "有未保存的更改",
  "app.close": "关闭 {name}",
  "app.close_dialog": "关闭",
  "app.close_panel": "关闭面板",

  "edit.undo": "撤销",
  "edit.redo": "重做",
  "edit.delete": "删除",
  "edit.select_all": "全选",
  "edit.add_node": "添加节点",
  "edit.mute": "禁用",
  "edit.bypass": "绕过",
  "edit.collapse": "折叠",
  "view.fit": "显示全部",
  "view.map": "工作流缩略图",
  "view.theme": "浅色或深色",
  "view.language": "English",
  "run.run": "运行",
  "run.to_selected": "运行到所选节点",
  "run.cancel": "取消",
  "run.queued": "排队中",
  "run.running": "运行中",
  "run.succeeded": "完成",
  "run.failed": "失败",
  "run.cancelled": "已取消",
  "run.offline": "离线",

  "node.cached": "已缓存",
  "node.skipped": "已跳过",
  "node.failed": "失败",
  "node.unknown": "未知的节点类型",
  "node.enter": "打开子图",
  "node.muted": "已禁用",
  "node.bypassed": "已绕过",

  "refusal.unknown": "该端口已不存在",
  "refusal.self": "节点不能连接到自身",
  "refusal.cycle": "这样会形成循环",
  "refusal.lazy_list": "该输入只接受单个值,不接受列表",
  "refusal.type": "需要 {wanted},而不是 {given}",

  "search.placeholder": "搜索节点",
  "search.fitting": "可连接 {type} 的节点",
  "search.none": "没有匹配的节点",

  "widget.default": "默认",
  "widget.invalid_json": "不是有效的 JSON",

  "shortcuts.edit": "编辑",
  "shortcuts.view": "视图",
  "shortcuts.run": "运行",
};
